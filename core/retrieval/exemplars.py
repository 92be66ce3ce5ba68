"""Normal reference pictures that look most like an inspected one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.domain import Exemplar
from core.errors import CheckpointError


class ExemplarIndex:
    """Pooled features of a product's normal pictures, searched exactly.

    Example:
        >>> index = ExemplarIndex(np.eye(2, dtype=np.float32), ["a" * 64, "b" * 64], ["a", "b"])
        >>> index.search(np.array([1.0, 0.0], np.float32), k=1)[0].filename
        'a'
    """

    def __init__(
        self, embeddings: np.ndarray, sha256s: Sequence[str], filenames: Sequence[str]
    ) -> None:
        """Index pictures.

        Args:
            embeddings: float (n, C), each of unit length.
            sha256s: of the pictures' files, in the same order.
            filenames: as the pictures came, in the same order.
        """
        self.embeddings = embeddings.astype(np.float16)
        self.sha256s = list(sha256s)
        self.filenames = list(filenames)

    def search(
        self, embedding: np.ndarray, k: int = 3, exclude_sha256: str | None = None
    ) -> tuple[Exemplar, ...]:
        """The normals with the highest cosine similarity, the closest first.

        Args:
            embedding: float32 (C,), of unit length.
            k: how many.
            exclude_sha256: the inspected picture's own hash: it is no evidence for itself.
        """
        similarities = self.embeddings.astype(np.float32) @ embedding
        order = [i for i in np.argsort(-similarities) if self.sha256s[i] != exclude_sha256]
        return tuple(
            Exemplar(
                sha256=self.sha256s[i],
                filename=self.filenames[i],
                similarity=float(np.clip(similarities[i], -1, 1)),
            )
            for i in order[:k]
        )

    def to_bytes(self) -> bytes:
        """The index as a safetensors file."""
        from safetensors.numpy import save

        names = {"sha256s": json.dumps(self.sha256s), "filenames": json.dumps(self.filenames)}
        return save({"embeddings": self.embeddings}, metadata=names)

    @classmethod
    def load(cls, path: Path) -> ExemplarIndex:
        """Read an index.

        Raises:
            CheckpointError: if the file is missing or damaged.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "numpy") as file:
                names = file.metadata()
                return cls(
                    file.get_tensor("embeddings"),
                    json.loads(names["sha256s"]),
                    json.loads(names["filenames"]),
                )
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"The index of normal pictures {path} is missing or damaged ({error}). "
                "Restore it from a copy, or teach the product again."
            ) from error
