"""A fair queue: few at a time, in the order that they came, and a failure hands its place on."""

from __future__ import annotations

import threading
import time

import pytest

from core.domain import Step
from core.infrastructure.fair_queue import FairQueue


def waiting(queue: FairQueue, count: int) -> None:
    """Until so many wait."""
    latest = time.monotonic() + 10
    while len(queue._waiting) < count:
        assert time.monotonic() < latest
        time.sleep(0.001)


def test_who_came_first_is_served_first() -> None:
    queue = FairQueue(1)
    served: list[int] = []

    def work(number: int) -> None:
        with queue.turn([]):
            served.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    with queue.turn([]):
        for number, thread in enumerate(threads):
            thread.start()
            waiting(queue, number + 1)
        assert served == []
    for thread in threads:
        thread.join(10)

    assert served == list(range(8))


def test_no_more_than_allowed_at_once() -> None:
    queue = FairQueue(2)
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(50):
            with queue.turn([]):
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
    queue = FairQueue(1)
    with pytest.raises(ValueError, match="no picture"), queue.turn([]):
        raise ValueError("no picture")

    steps: list[Step] = []
    with queue.turn(steps):
        pass

    assert [step.name for step in steps] == ["wait"]
    assert steps[0].seconds < 1
