"""Limits on how long an answer may take, whatever the server does or leaves undone.

An SDK's own time limit is for one silence on the socket: a server that sends signs of life and no
text, or one letter a minute, never meets it. So a thread reads, and the asker waits for it no
longer than the limits say.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class TooSlow(Exception):
    """A limit passed; `is_stall` says whether it was the one between two pieces."""

    def __init__(self, *, is_stall: bool) -> None:
        super().__init__("stalled" if is_stall else "out of time")
        self.is_stall = is_stall


class SourceFailed(Exception):
    """What the source raised, told apart from what its reader raises."""

    def __init__(self, error: Exception) -> None:
        super().__init__(repr(type(error)))
        self.error = error


@dataclass(frozen=True)
class _Failed:
    error: Exception


class _Ended:
    pass


def paced(source: Callable[[], Generator[T]], *, until: float, stall_s: float) -> Generator[T]:
    """Yield what a generator yields, as long as it keeps to the limits.

    Args:
        source: makes the generator; it runs in a thread of its own and is closed at the next piece
            once nobody waits for it.
        until: `time.monotonic()` by which all of it must have come.
        stall_s: longest wait between two pieces, in seconds; the first one may take until `until`,
            as a model may think for long before it speaks.

    Raises:
        TooSlow: if a limit passed.
        SourceFailed: if the generator raised.
    """
    queue: SimpleQueue[T | _Failed | _Ended] = SimpleQueue()
    abandoned = threading.Event()
    reader = threading.Thread(
        target=_read, args=(source, queue, abandoned), name="report-writer", daemon=True
    )
    reader.start()
    try:
        silence = float("inf")
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise TooSlow(is_stall=False)
            try:
                piece = queue.get(timeout=min(left, silence))
            except Empty:
                raise TooSlow(is_stall=silence < left) from None
            if isinstance(piece, _Failed):
                raise SourceFailed(piece.error)
            if isinstance(piece, _Ended):
                return
            yield piece
            silence = stall_s
    finally:
        abandoned.set()


def _read(
    source: Callable[[], Generator[T]],
    queue: SimpleQueue[T | _Failed | _Ended],
    abandoned: threading.Event,
) -> None:
    try:
        with contextlib.closing(source()) as pieces:
            for piece in pieces:
                if abandoned.is_set():
                    return
                queue.put(piece)
    except Exception as error:
        queue.put(_Failed(error))
    else:
        queue.put(_Ended())
