"""Limits hold whatever the source does, and nothing is left open behind them."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator

import pytest

from core.reporting.writers.pacing import SourceFailed, TooSlow, paced


def test_pieces_pass_in_order() -> None:
    def source() -> Generator[int]:
        yield from range(100)

    assert list(paced(source, until=time.monotonic() + 5, stall_s=5)) == list(range(100))


def test_limit_holds_while_pieces_come() -> None:
    closed = threading.Event()

    def source() -> Generator[int]:
        try:
            while True:
                time.sleep(0.02)
                yield 1
        finally:
            closed.set()

    with pytest.raises(TooSlow) as caught:
        for _ in paced(source, until=time.monotonic() + 0.2, stall_s=5):
            pass
    assert not caught.value.is_stall
    assert closed.wait(2), "the source was left open"


def test_first_piece_may_take_longer_than_a_stall() -> None:
    def source() -> Generator[str]:
        time.sleep(0.3)
        yield "thought"
        time.sleep(5)

    pieces = paced(source, until=time.monotonic() + 4, stall_s=0.1)
    assert next(pieces) == "thought"
    with pytest.raises(TooSlow) as caught:
        next(pieces)
    assert caught.value.is_stall


def test_what_the_source_raises_is_told() -> None:
    def source() -> Generator[int]:
        yield 1
        raise OSError("gone")

    pieces = paced(source, until=time.monotonic() + 5, stall_s=5)
    assert next(pieces) == 1
    with pytest.raises(SourceFailed) as caught:
        next(pieces)
    assert isinstance(caught.value.error, OSError)
