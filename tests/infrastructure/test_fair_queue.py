"""Turns: few at a time, in the order that they came, and a failure hands its place on."""

from __future__ import annotations

import threading
import time

import pytest

from core.domain import Step
from core.infrastructure.fair_queue import Turns


def waiting(turns: Turns, count: int) -> None:
    """Until so many wait."""
    latest = time.monotonic() + 10
    while len(turns._waiting) < count:
        assert time.monotonic() < latest
        time.sleep(0.001)


def test_who_came_first_is_served_first() -> None:
    turns = Turns(1)
    served: list[int] = []

    def work(number: int) -> None:
        with turns.turn([]):
            served.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    with turns.turn([]):
        for number, thread in enumerate(threads):
            thread.start()
            waiting(turns, number + 1)
        assert served == []
    for thread in threads:
        thread.join(10)

    assert served == list(range(8))


def test_no_more_than_allowed_at_once() -> None:
    turns = Turns(2)
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(50):
            with turns.turn([]):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.0002)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert max(most) == 2


def test_a_failure_hands_the_place_on_and_waiting_is_a_step() -> None:
    turns = Turns(1)
    with pytest.raises(ValueError, match="no picture"), turns.turn([]):
        raise ValueError("no picture")

    steps: list[Step] = []
    with turns.turn(steps):
        pass

    assert [step.name for step in steps] == ["wait"]
    assert steps[0].seconds < 1


def test_who_waits_is_told_how_many_are_before_and_may_leave() -> None:
    turns = Turns(1)
    told: list[int] = []

    def leave(before: int) -> None:
        told.append(before)
        raise TimeoutError

    def work() -> None:
        with turns.turn([]):
            pass

    with turns.place():
        behind = threading.Thread(target=work)
        behind.start()
        waiting(turns, 1)
        with pytest.raises(TimeoutError), turns.place(leave):
            pass
        assert turns.is_busy()
        assert turns.waiting() == 1
    behind.join(10)

    assert told == [2]
    assert turns.waiting() == 0
    assert not turns.is_busy()
