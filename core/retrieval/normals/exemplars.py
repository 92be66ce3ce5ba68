"""Normal reference pictures that look most like an inspected one."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from core.domain import Exemplar, Likeness
from core.domain.errors import CheckpointError
from core.imaging.near_duplicates import near_duplicates, signature
from core.retrieval.normals.visual import VisualEncoder

# Of the nearest that are looked at for one that is not the same picture again.
CANDIDATES = 5
ROWS = 512


@dataclass(frozen=True)
class Look:
    """What a picture looks like.

    Attributes:
        encoder: name of what made the embedding.
        embedding: float32 (C,), of unit length.
        signature: float16 (1156,), see `core.imaging.near_duplicates`.
    """

    encoder: str
    embedding: np.ndarray
    signature: np.ndarray

    @classmethod
    def of(cls, pixels: np.ndarray, encoder: VisualEncoder) -> Look:
        """Look of uint8 (H, W, 3) RGB pixels."""
        return cls(encoder.name, encoder(pixels), signature(pixels))


@dataclass(frozen=True)
class Normal:
    """One picture on its way into an index: its file's hash and name, and what it looks like."""

    sha256: str
    filename: str
    look: Look


class ExemplarIndex:
    """Looks of a product's normal pictures, searched exactly.

    The pictures themselves are in the file store, under their hashes.

    Attributes:
        encoder: name of what made the embeddings; others do not compare with them.
        embeddings: float16 (n, C), each of unit length.
        signatures: float16 (n, 1156), see `core.imaging.near_duplicates`.
        nearest: float32 (n,), each normal's similarity to the nearest other one.
        sha256s, filenames: of the pictures, in the same order.

    Example:
        >>> index = ExemplarIndex.of(normals)                               # doctest: +SKIP
        >>> index.search(Look.of(pixels, encoder), k=1)[0].filename          # doctest: +SKIP
        '017.png'
    """

    def __init__(
        self,
        encoder: str,
        tensors: dict[str, np.ndarray],
        sha256s: Iterable[str],
        filenames: Iterable[str],
    ) -> None:
        """Index of its parts, as `to_bytes` writes them.

        Raises:
            ValueError: if they do not fit together.
        """
        self.encoder = encoder
        self.embeddings = tensors["embeddings"]
        self.signatures = tensors["signatures"]
        self.nearest = tensors["nearest"]
        self.sha256s = list(sha256s)
        self.filenames = list(filenames)
        parts = (self.embeddings, self.signatures, self.nearest, self.sha256s, self.filenames)
        if len({len(part) for part in parts}) != 1:
            raise ValueError("its parts are of different lengths")

    @classmethod
    def of(cls, normals: Iterable[Normal]) -> Self:
        """Index pictures, at least one, all seen by the same encoder."""
        listed = list(normals)
        embeddings = np.stack([normal.look.embedding for normal in listed]).astype(np.float16)
        signatures = np.stack([normal.look.signature for normal in listed])
        tensors = {
            "embeddings": embeddings,
            "signatures": signatures,
            "nearest": _nearest_others(embeddings, signatures),
        }
        return cls(
            listed[0].look.encoder,
            tensors,
            [normal.sha256 for normal in listed],
            [normal.filename for normal in listed],
        )

    def extended(self, normals: Iterable[Normal]) -> Self:
        """The same index with further pictures at its end, made by the same encoder."""
        known = (
            Normal(sha256, filename, Look(self.encoder, embedding.astype(np.float32), seen))
            for sha256, filename, embedding, seen in zip(
                self.sha256s, self.filenames, self.embeddings, self.signatures, strict=True
            )
        )
        return type(self).of([*known, *normals])

    def search(self, look: Look, k: int = 3, exclude: Collection[str] = ()) -> tuple[Exemplar, ...]:
        """The normals with the highest cosine similarity, the closest first; fewer when there are.

        Args:
            look: of the inspected picture.
            k: how many.
            exclude: hashes of pictures that are no evidence, such as near duplicates of the
                inspected one.

        Raises:
            CheckpointError: if another encoder made the look.
        """
        similarities = self._similarities(look)
        order = [i for i in np.argsort(-similarities) if self.sha256s[i] not in exclude]
        return tuple(
            Exemplar(
                sha256=self.sha256s[i],
                filename=self.filenames[i],
                similarity=float(np.clip(similarities[i], -1, 1)),
            )
            for i in order[:k]
        )

    def near_duplicates(self, look: Look, sha256: str = "") -> frozenset[str]:
        """Find the normals that are the inspected picture itself, re-encoded or resized too.

        Args:
            look: of the inspected picture.
            sha256: of its file.

        Returns:
            Their hashes.
        """
        same = near_duplicates(self.signatures, look.signature)
        return frozenset(
            name for name, is_same in zip(self.sha256s, same, strict=True) if is_same
        ) | {name for name in self.sha256s if name == sha256}

    def likeness(self, nearest: Exemplar) -> Likeness:
        """How near an inspected picture's nearest normal is, beside the normals' own nearest."""
        return Likeness(
            nearest=nearest.similarity,
            farther_than=float((self.nearest > nearest.similarity).mean()),
            normals=len(self.sha256s),
        )

    def to_bytes(self) -> bytes:
        """The index as a safetensors file."""
        from safetensors.numpy import save

        names = {
            "encoder": self.encoder,
            "sha256s": self.sha256s,
            "filenames": self.filenames,
        }
        tensors = {
            "embeddings": self.embeddings,
            "signatures": self.signatures,
            "nearest": self.nearest,
        }
        # safetensors writes several entries in any order: one keeps equal indexes equal files.
        return save(tensors, metadata={"index": json.dumps(names)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read an index.

        Raises:
            CheckpointError: if it is damaged, or written by an earlier version of this program.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            size = int.from_bytes(data[:8], "little")
            names = json.loads(json.loads(data[8 : 8 + size])["__metadata__"]["index"])
            return cls(names["encoder"], load(data), names["sha256s"], names["filenames"])
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"The index of normal pictures is damaged or older than this program ({error!r})."
            ) from error

    def _similarities(self, look: Look) -> np.ndarray:
        """float32 (n,).

        Raises:
            CheckpointError: if another encoder made the look.
        """
        if look.encoder != self.encoder:
            raise CheckpointError(
                f"The index of normal pictures was made by {self.encoder} and cannot be asked by "
                f"{look.encoder}: their vectors do not compare. Build it again."
            )
        return self.embeddings.astype(np.float32) @ look.embedding


def _nearest_others(embeddings: np.ndarray, signatures: np.ndarray) -> np.ndarray:
    """Each normal's similarity to the nearest other one that is not the same picture: float32 (n,).

    One that is alone has none: -1.
    """
    vectors = embeddings.astype(np.float32)
    nearest = np.full(len(vectors), -1, np.float32)
    for start in range(0, len(vectors), ROWS):
        similarities = vectors[start : start + ROWS] @ vectors.T
        for row, own in enumerate(similarities, start=start):
            own[row] = -np.inf
            closest = np.argsort(-own)[:CANDIDATES]
            is_other = ~near_duplicates(signatures, signatures[row])[closest]
            others = closest[is_other & np.isfinite(own[closest])]
            if others.size:
                nearest[row] = own[others[0]]
    return nearest
