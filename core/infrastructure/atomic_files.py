"""Files that a reader finds whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Generator[Path]:
    """A path beside the one that is meant, for a file too large to be held in memory.

    What was written there takes the place of `path` at the end; where that goes wrong, nothing is
    left behind and the file is as it was before.

    Raises:
        OSError: if the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".writing-") as folder:
        scratch = Path(folder) / path.name
        yield scratch
        scratch.replace(path)


def write_atomically(path: Path, data: bytes) -> None:
    """Put bytes at a path in one step: a crash leaves the file as it was before.

    Raises:
        OSError: if they cannot be written, a full disk included; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        scratch = Path(file.name)
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            scratch.unlink()
            raise
    if path.exists():
        # A temporary file is its owner's alone; what it replaces may be read by others.
        scratch.chmod(path.stat().st_mode)
    # Renaming is one step: a reader finds the whole file or the one before.
    scratch.replace(path)
