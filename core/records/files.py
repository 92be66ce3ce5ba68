"""Keep pictures and maps as files, each once, under the SHA-256 of its contents."""

from __future__ import annotations

import hashlib
import io
import re
import zlib
from pathlib import Path

import numpy as np

from core.domain.errors import RecordsError
from core.infrastructure.atomic_files import write_atomically

_SHA256 = re.compile(r"[0-9a-f]{64}")


class FileStore:
    """A folder of files that are never changed.

    Example:
        >>> store = FileStore(Path("data/files"))
        >>> store.read(store.put(b"picture"))
        b'picture'
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes, sha256: str | None = None) -> str:
        """Keep bytes and return their SHA-256; bytes kept already are not written again.

        Args:
            data: of any kind.
            sha256: of the data, where it is known already; None: it is computed.

        Raises:
            RecordsError: if they cannot be written, a full disk included.
        """
        sha256 = sha256 or hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        if path.exists():
            return sha256
        try:
            write_atomically(path, data)
        except OSError as error:
            raise RecordsError(
                f"A file could not be written to {self.root}: {error.strerror}. Free space or "
                "correct the folder's rights and try again; nothing recorded before is lost."
            ) from error
        return sha256

    def read(self, sha256: str) -> bytes:
        """Read the bytes of a hash.

        Raises:
            RecordsError: if the file is missing or no longer has that hash.
        """
        path = self._path(sha256)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise RecordsError(
                f"The stored file {sha256[:16]} is missing from {self.root} ({error.strerror}). "
                "Restore the folder from a copy."
            ) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise RecordsError(
                f"The stored file {path} was altered: its contents no longer have its hash. "
                "Restore it from a copy."
            )
        return data

    def contains(self, sha256: str) -> bool:
        """Say whether there is a file of that hash."""
        return self._path(sha256).exists()

    def put_map(self, anomaly_map: np.ndarray) -> str:
        """Keep an anomaly map, float32 (H, W), without loss as compressed .npy; return its hash."""
        buffer = io.BytesIO()
        np.save(buffer, anomaly_map.astype(np.float32, copy=False), allow_pickle=False)
        return self.put(zlib.compress(buffer.getvalue(), level=1))

    def read_map(self, sha256: str) -> np.ndarray:
        """Read the anomaly map of a hash, float32 (H, W).

        Raises:
            RecordsError: if the file is missing or altered.
        """
        buffer = io.BytesIO(zlib.decompress(self.read(sha256)))
        return np.load(buffer, allow_pickle=False)

    def _path(self, sha256: str) -> Path:
        if not _SHA256.fullmatch(sha256):
            raise RecordsError(f"{sha256!r} is not a SHA-256, so no file has that name.")
        return self.root / sha256[:2] / sha256
