"""Memory that runs out, said in a sentence whichever library met it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import cv2

from core.domain.errors import DetectorError

# torch, OpenVINO, OpenCV, the loader of shared objects and the kernel each have words of their own.
WORDS = (
    "alloc",
    "out of memory",
    "insufficient memory",
    "failed to map segment",
    "can't start new thread",
)


@contextmanager
def memory_guard(what: str) -> Generator[None]:
    """Turn any library's error for memory that ran out into one for the operator.

    Args:
        what: was done, to follow "too small to".

    Raises:
        DetectorError: instead of an error that means that; others pass.

    Example:
        >>> with memory_guard("train patchcore"):
        ...     raise MemoryError
        Traceback (most recent call last):
        core.domain.errors.DetectorError: The machine's memory is too small to train patchcore. ...
    """
    try:
        yield
    except (MemoryError, RuntimeError, OSError, ImportError, cv2.error) as error:
        text = str(error).lower()
        if not isinstance(error, MemoryError) and not any(word in text for word in WORDS):
            raise
        raise DetectorError(
            f"The machine's memory is too small to {what}. Close other programs, or choose a "
            "smaller input size or memory bank or smaller pictures; nothing that was taught or "
            "recorded before is lost."
        ) from error
