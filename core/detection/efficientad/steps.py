"""When a training ends: after so many steps, so many seconds, or no further gain."""

from __future__ import annotations

import time
from collections.abc import Iterator


def limited_steps(most: int, seconds: float) -> Iterator[tuple[int, float]]:
    """Count steps from 1 until there are enough or the time is over.

    Yields:
        The step's number, and the share of the way that lies behind, 0..1, by steps or by time,
        whichever is more.
    """
    start = time.monotonic()
    for step in range(1, most + 1):
        passed = (time.monotonic() - start) / seconds if seconds > 0 else 1.0
        if passed >= 1:
            return
        yield step, max((step - 1) / most, passed)


class Plateau:
    """Whether a loss has stopped falling.

    Example:
        >>> plateau = Plateau(patience=2, least_gain=0.1)
        >>> [plateau.reached(loss) for loss in (1.0, 0.8, 0.79, 0.78)]
        [False, False, False, True]
    """

    def __init__(self, patience: int, least_gain: float) -> None:
        """A fresh one.

        Args:
            patience: how many losses in a row may bring no gain.
            least_gain: share of the best loss that counts as one.
        """
        self.patience = patience
        self.least_gain = least_gain
        self.best = float("inf")
        self.waited = 0

    def reached(self, loss: float) -> bool:
        """Take the next loss into account."""
        if loss < self.best * (1 - self.least_gain):
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        return self.waited >= self.patience
