"""Files and folders that a reader finds whole, or not at all, also after a power cut."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

# Of the hidden folder that holds what is being written; one whose process was killed may be left.
SCRATCH_PREFIX = ".writing-"


@contextmanager
def whole_file(path: Path) -> Generator[Path]:
    """Yield a temporary path; what was written there takes the place of `path` at the end.

    Each writer has a temporary path of its own. If the block raises, nothing is left behind and
    `path` is as it was before.

    Args:
        path: of a file, or of a folder that does not exist yet.

    Raises:
        OSError: if the folder cannot be written, a full disk included.
    """
    with scratch_folder(path.parent) as folder:
        scratch = folder / path.name
        yield scratch
        put_in_place(scratch, path)


def write_atomically(path: Path, data: bytes) -> None:
    """Write bytes to a path in one step: a crash leaves the file as it was before.

    Raises:
        OSError: if they cannot be written, a full disk included; nothing is left behind.
    """
    with whole_file(path) as scratch:
        scratch.write_bytes(data)


@contextmanager
def scratch_folder(parent: Path) -> Generator[Path]:
    """Make a temporary folder on the disk of `parent`, for files to be put in place from.

    Raises:
        OSError: if it cannot be made.
    """
    missing = [folder for folder in (parent, *parent.parents) if not folder.exists()]
    parent.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        _sync_folder(folder.parent)
    with tempfile.TemporaryDirectory(dir=parent, prefix=SCRATCH_PREFIX) as scratch:
        yield Path(scratch)


def put_in_place(scratch: Path, path: Path) -> None:
    """Move a written file or folder to a path of the same disk in one step.

    A file that is replaced leaves its access rights to the new one.

    Raises:
        OSError: if it cannot be read or moved.
    """
    for part in (scratch, *scratch.rglob("*")):
        if part.is_file():
            _sync(part)
        else:
            _sync_folder(part)
    if path.is_file():
        scratch.chmod(path.stat().st_mode)
    # Renaming is one step, but comes to the disk before the contents unless they are synced.
    scratch.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Some file systems, such as network shares, cannot sync a folder: what can be done was done.
    with suppress(OSError):
        _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
