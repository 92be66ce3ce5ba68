"""A fair queue: first come, first served, and few at a time.

A detector computes with all cores by itself. Ten pictures judged at once are done no sooner than
one after the other; but then one waits for twice as long as the next, by chance alone.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager

from core.domain import Step
from core.infrastructure.step_log import timed

CORES_OF_A_PICTURE = 2


class FairQueue:
    """A place that few hold at a time; the others wait in the order that they came.

    Example:
        >>> queue, steps = FairQueue(1), []
        >>> with queue.turn(steps):
        ...     steps[0].name
        'wait'
    """

    def __init__(self, at_once: int | None = None) -> None:
        """Make a queue in which nobody waits yet.

        Args:
            at_once: who may hold a place; None: as many as this machine has cores for.
        """
        self._free = at_once or max(1, (os.cpu_count() or 1) // CORES_OF_A_PICTURE)
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def turn(self, steps: list[Step]) -> Generator[None]:
        """Wait for a place, which is a step of its own, and hold it inside."""
        with timed(steps, "wait"):
            self._wait()
        try:
            yield
        finally:
            self._hand_on()

    def _wait(self) -> None:
        called = threading.Event()
        with self._lock:
            if self._free:
                self._free -= 1
                return
            self._waiting.append(called)
        called.wait()

    def _hand_on(self) -> None:
        """Give the place to the one who waits longest; it is never free in between."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
