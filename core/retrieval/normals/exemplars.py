"""Find the normal reference pictures that look most like an inspected one."""

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

# How many of the nearest normals are searched for one that is not a copy of the same picture.
CANDIDATES = 5
ROWS_PER_BLOCK = 512


@dataclass(frozen=True)
class Look:
    """The appearance of a picture.

    Attributes:
        encoder: name of the encoder that made the embedding.
        embedding: float32 (C,), of unit length.
        signature: float16 (1156,), see `core.imaging.near_duplicates`.
    """

    encoder: str
    embedding: np.ndarray
    signature: np.ndarray

    @classmethod
    def of(cls, pixels: np.ndarray, encoder: VisualEncoder) -> Look:
        """Describe the look of uint8 (H, W, 3) RGB pixels."""
        return cls(encoder.name, encoder(pixels), signature(pixels))


@dataclass(frozen=True)
class Normal:
    """A picture to be indexed: its file's hash and name, and its look."""

    sha256: str
    filename: str
    look: Look


class ExemplarIndex:
    """The looks of a product's normal pictures, searched exhaustively.

    The file store holds the pictures themselves, under their hashes.

    Attributes:
        encoder: name of the encoder that made the embeddings; only its own are comparable.
        embeddings: float16 (n, C), each of unit length.
        signatures: float16 (n, 1156), see `core.imaging.near_duplicates`.
        nearest: float32 (n,), similarity of each normal to the nearest other one.
        sha256s, filenames: hashes and names of the picture files, in the same order.

    Example:
        >>> looks = [Look("net", v, signature(np.zeros((9, 9, 3), np.uint8))) for v in np.eye(3)]
        >>> index = ExemplarIndex.of(Normal("", f"{n}.png", look) for n, look in enumerate(looks))
        >>> index.search(looks[1], k=1)[0].filename
        '1.png'
    """

    def __init__(
        self,
        encoder: str,
        tensors: dict[str, np.ndarray],
        sha256s: Iterable[str],
        filenames: Iterable[str],
    ) -> None:
        """Assemble an index from the parts that `to_bytes` writes.

        Raises:
            ValueError: if the parts are of different lengths.
        """
        self.encoder = encoder
        self.embeddings = tensors["embeddings"]
        self.signatures = tensors["signatures"]
        self.nearest = tensors["nearest"]
        self.sha256s = list(sha256s)
        self.filenames = list(filenames)
        parts = (self.embeddings, self.signatures, self.nearest, self.sha256s, self.filenames)
        if len({len(part) for part in parts}) != 1:
            raise ValueError("the parts of an index must have equal lengths")

    @classmethod
    def of(cls, normals: Iterable[Normal]) -> Self:
        """Index one or more pictures, all encoded by the same encoder."""
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
        """Build an index with further pictures at its end, encoded by the same encoder."""
        known = (
            Normal(sha256, filename, Look(self.encoder, embedding.astype(np.float32), seen))
            for sha256, filename, embedding, seen in zip(
                self.sha256s, self.filenames, self.embeddings, self.signatures, strict=True
            )
        )
        return type(self).of([*known, *normals])

    def search(self, look: Look, k: int = 3, exclude: Collection[str] = ()) -> tuple[Exemplar, ...]:
        """Find the k normals of highest cosine similarity (or all, if fewer), the closest first.

        Args:
            look: of the inspected picture.
            k: how many to find.
            exclude: hashes of pictures to leave out, such as near duplicates of the inspected one.

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
        """Find the hashes of normals that are the inspected picture, even re-encoded or resized.

        Args:
            look: of the inspected picture.
            sha256: hash of its file.
        """
        same = near_duplicates(self.signatures, look.signature)
        return frozenset(
            name for name, is_same in zip(self.sha256s, same, strict=True) if is_same
        ) | {name for name in self.sha256s if name == sha256}

    def likeness(self, nearest: Exemplar) -> Likeness:
        """Compare a picture's distance to its nearest normal with distances between normals."""
        return Likeness(
            nearest=nearest.similarity,
            farther_than=float((self.nearest > nearest.similarity).mean()),
            normals=len(self.sha256s),
            beyond=max(0.0, 1 - nearest.similarity) / max(1 - float(self.nearest.min()), 1e-6),
        )

    def to_bytes(self) -> bytes:
        """Write the index as a safetensors file."""
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
        # safetensors writes metadata entries in any order: a single entry keeps files reproducible.
        return save(tensors, metadata={"index": json.dumps(names)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read an index from the bytes of `to_bytes`.

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
        """Compute the cosine of each normal with a look: float32 (n,).

        Raises:
            CheckpointError: if another encoder made the look.
        """
        if look.encoder != self.encoder:
            raise CheckpointError(
                f"The index of normal pictures was made with {self.encoder} and cannot be searched "
                f"with vectors of {look.encoder}: they are not comparable. Build it again."
            )
        return self.embeddings.astype(np.float32) @ look.embedding


def _nearest_others(embeddings: np.ndarray, signatures: np.ndarray) -> np.ndarray:
    """Measure the similarity of each normal to its nearest different picture: float32 (n,).

    It is -1 for a normal without any.
    """
    vectors = embeddings.astype(np.float32)
    nearest = np.full(len(vectors), -1, np.float32)
    for start in range(0, len(vectors), ROWS_PER_BLOCK):
        similarities = vectors[start : start + ROWS_PER_BLOCK] @ vectors.T
        for row, own in enumerate(similarities, start=start):
            own[row] = -np.inf
            closest = np.argsort(-own)[:CANDIDATES]
            is_other = ~near_duplicates(signatures, signatures[row])[closest]
            others = closest[is_other & np.isfinite(own[closest])]
            if others.size:
                nearest[row] = own[others[0]]
    return nearest
