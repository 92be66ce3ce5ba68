"""Main memory: how much of it is free, and that it ran out, whichever library met that."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import cv2

from core.domain.errors import DetectorError, InspectionError

# What torch, OpenVINO, OpenCV, llama.cpp, the loader of shared objects and the kernel say.
OUT_OF_MEMORY_WORDS = (
    "alloc",
    "out of memory",
    "insufficient memory",
    "failed to map",
    "can't start new thread",
)
CGROUPS = Path("/sys/fs/cgroup")


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
    too_small = DetectorError(
        f"The machine's memory is too small to {what}. Close other programs, or choose a "
        "smaller input size or memory bank or smaller pictures; nothing that was taught or "
        "recorded before is lost."
    )
    with out_of_memory_as(too_small):
        yield


@contextmanager
def out_of_memory_as(replacement: InspectionError) -> Generator[None]:
    """Raise an error of ours instead of any library's for memory that ran out; others pass."""
    try:
        yield
    except (MemoryError, RuntimeError, OSError, ImportError, cv2.error) as error:
        text = str(error).lower()
        if isinstance(error, MemoryError) or any(word in text for word in OUT_OF_MEMORY_WORDS):
            raise replacement from error
        raise


def free_ram_bytes() -> float:
    """Measure the main memory that is free to the machine and to this process's container."""
    import psutil

    membership = Path("/proc/self/cgroup")
    limited = free_in_cgroup(membership.read_text()) if membership.exists() else float("inf")
    return min(psutil.virtual_memory().available, limited)


def free_in_cgroup(membership: str, root: Path = CGROUPS) -> float:
    """Measure the bytes below the tightest limit of control groups; infinite where none is set.

    Control groups of version 2 alone are read.

    Args:
        membership: text of /proc/self/cgroup.
        root: where the tree of control groups is mounted.
    """
    own = [line.removeprefix("0::") for line in membership.splitlines() if line.startswith("0::")]
    # A limit above in the tree holds too; inside a container the tree's root is the group.
    folders = [root / group.lstrip("/") for group in own]
    limited = (
        _below_limit(folder)
        for each in folders
        for folder in (each, *each.parents)
        if folder.is_relative_to(root)
    )
    return min(limited, default=float("inf"))


def _below_limit(folder: Path) -> float:
    try:
        limit = (folder / "memory.max").read_text().strip()
        if limit == "max":
            return float("inf")
        used = int((folder / "memory.current").read_text())
        entries = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
        # Cache that gives way when memory is needed.
        reclaimable = next((int(count) for name, count in entries if name == "inactive_file"), 0)
    except OSError:
        return float("inf")
    return int(limit) - used + reclaimable
