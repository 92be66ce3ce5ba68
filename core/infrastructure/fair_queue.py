"""A fair queue: first come, first served, and few at a time.

A detector computes with all cores by itself. Ten pictures judged at once are done no sooner than
one after the other; but then one waits for twice as long as the next, by chance alone.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager

from core.domain import Step, StepName
from core.infrastructure.step_log import timed

CORES_OF_A_PICTURE = 2
# Called about once a second with the number of those before, who are being served included.
OnWait = Callable[[int], object]
SECONDS_BETWEEN_CALLS = 1.0


class FairQueue:
    """A place that few hold at a time; the others wait in the order that they came.

    Example:
        >>> queue, steps = FairQueue(1), []
        >>> with queue.turn(steps):
        ...     steps[0].name.value
        'wait'
    """

    def __init__(self, at_once: int | None = None) -> None:
        """Make a queue in which nobody waits yet.

        Args:
            at_once: who may hold a place; None: as many as this machine has cores for.
        """
        self._places = at_once or max(1, (os.cpu_count() or 1) // CORES_OF_A_PICTURE)
        self._free = self._places
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    def waiting(self) -> int:
        """Count those who wait; who holds a place does not."""
        return len(self._waiting)

    def is_busy(self) -> bool:
        """Tell whether anyone holds a place."""
        return self._free < self._places

    @contextmanager
    def turn(self, steps: list[Step]) -> Generator[None]:
        """Wait for a place, which is a step of its own, and hold it inside."""
        with ExitStack() as held:
            with timed(steps, StepName.WAIT):
                held.enter_context(self.place())
            yield

    @contextmanager
    def place(self, on_wait: OnWait | None = None) -> Generator[None]:
        """Wait for a place, and hold it inside.

        Args:
            on_wait: told how many are before, while any are; what it raises leaves the queue.
        """
        self._wait(on_wait)
        try:
            yield
        finally:
            self._hand_on()

    def _wait(self, on_wait: OnWait | None) -> None:
        called = threading.Event()
        with self._lock:
            if self._free:
                self._free -= 1
                return
            self._waiting.append(called)
        try:
            while before := self._before(called):
                # Outside the lock: a page that is drawn here must not hold up the queue.
                if on_wait is not None:
                    on_wait(before)
                called.wait(SECONDS_BETWEEN_CALLS if on_wait is not None else None)
        except BaseException:
            self._leave(called)
            raise

    def _before(self, called: threading.Event) -> int:
        with self._lock:
            return 0 if called.is_set() else self._places + self._waiting.index(called)

    def _leave(self, called: threading.Event) -> None:
        with self._lock:
            if not called.is_set():
                self._waiting.remove(called)
                return
        # The place was given while its holder-to-be left.
        self._hand_on()

    def _hand_on(self) -> None:
        """Give the place to the one who waits longest; it is never free in between."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
