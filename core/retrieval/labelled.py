"""Crops of defects whose type a person has named, searched exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from core.domain import Box
from core.errors import CheckpointError
from core.retrieval.type_calibration import TypeCalibration, calibrate_types

# A type is as near as its nearest few crops are on the mean: one odd label decides nothing.
NEAREST = 3
# A crop shows half as much again as the defect's box, and never less than this share of the
# picture: what a mark is depends on what lies around it.
CONTEXT = 1.5
SMALLEST_SHARE = 1 / 8
SMALLEST_PX = 32


class LabelledCrops:
    """Labelled defects of one product.

    Example:
        >>> crops = LabelledCrops(np.eye(2), ["crack", "hole"], ["a" * 64, "b" * 64], ["", ""], "e")
        >>> crops.similarities(np.array([1.0, 0.0]))
        {'crack': 1.0, 'hole': 0.0}
    """

    def __init__(
        self,
        embeddings: np.ndarray,
        defect_types: Sequence[str],
        sha256s: Sequence[str],
        origins: Sequence[str],
        encoder: str,
    ) -> None:
        """Index crops.

        Args:
            embeddings: float (n, C), each of unit length.
            defect_types: that a person gave, in the same order.
            sha256s: of the pictures that the crops were cut from.
            origins: who or what named the type, such as a report's number or a folder's name.
            encoder: name of what made the embeddings.
        """
        self.embeddings = embeddings.astype(np.float16)
        self.defect_types = list(defect_types)
        self.sha256s = list(sha256s)
        self.origins = list(origins)
        self.encoder = encoder

    def __len__(self) -> int:
        return len(self.defect_types)

    def pictures(self) -> dict[str, int]:
        """How many different pictures each type has been named on."""
        return {
            kind: len({sha for sha, named in self._named() if named == kind})
            for kind in sorted(set(self.defect_types))
        }

    def similarities(
        self, embedding: np.ndarray, exclude_sha256: str | None = None
    ) -> dict[str, float]:
        """How much each labelled type looks like a crop: mean cosine of its nearest three.

        Args:
            embedding: float (C,), of unit length.
            exclude_sha256: a picture whose own crops are no evidence for it.
        """
        return _by_type(
            self.embeddings.astype(np.float32) @ embedding.astype(np.float32),
            self.defect_types,
            np.array([sha != exclude_sha256 for sha in self.sha256s], bool),
        )

    @cached_property
    def calibration(self) -> TypeCalibration | None:
        """What a similarity is worth as a probability; None where too little is labelled."""
        embeddings = self.embeddings.astype(np.float32)
        cosines = embeddings @ embeddings.T
        sources = np.array(self.sha256s)
        left_out = [
            _by_type(row, self.defect_types, sources != own)
            for row, own in zip(cosines, self.sha256s, strict=True)
        ]
        return calibrate_types(left_out, self.defect_types, self.sha256s)

    def with_more(self, more: LabelledCrops) -> LabelledCrops:
        """Both together; of a picture that is labelled anew, only the new labels stay."""
        kept = [i for i, sha in enumerate(self.sha256s) if sha not in set(more.sha256s)]
        return LabelledCrops(
            np.concatenate([self.embeddings[kept], more.embeddings]),
            [self.defect_types[i] for i in kept] + more.defect_types,
            [self.sha256s[i] for i in kept] + more.sha256s,
            [self.origins[i] for i in kept] + more.origins,
            more.encoder,
        )

    def save(self, path: Path) -> None:
        """Write a safetensors file in a single step.

        Raises:
            CheckpointError: if it cannot be written.
        """
        from safetensors.numpy import save

        said = {
            "defect_types": json.dumps(self.defect_types),
            "sha256s": json.dumps(self.sha256s),
            "origins": json.dumps(self.origins),
            "encoder": self.encoder,
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            scratch = path.with_suffix(".tmp")
            scratch.write_bytes(save({"embeddings": self.embeddings}, metadata=said))
            scratch.replace(path)
        except OSError as error:
            raise CheckpointError(
                f"The labelled defects could not be written to {path}: {error.strerror}. Free "
                "space or correct the folder's rights and label again; what was there before is."
            ) from error

    @classmethod
    def load(cls, path: Path, encoder: str) -> LabelledCrops | None:
        """Read a file; None when nothing has been labelled yet.

        Raises:
            CheckpointError: if the file is damaged or another encoder made it.
        """
        from safetensors import SafetensorError, safe_open

        if not path.exists():
            return None
        try:
            with safe_open(path, "numpy") as file:
                said: Mapping[str, str] = file.metadata()
                columns = [json.loads(said[key]) for key in ("defect_types", "sha256s", "origins")]
                crops = cls(file.get_tensor("embeddings"), *columns, said["encoder"])
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"The labelled defects in {path} are damaged ({error}). Restore the file from a "
                "copy, or remove it and label again."
            ) from error
        if crops.encoder != encoder:
            raise CheckpointError(
                f"The labelled defects in {path} were made with {crops.encoder}, but this station "
                f"looks at pictures with {encoder}. Remove the file and label again."
            )
        return crops

    def _named(self) -> zip[tuple[str, str]]:
        return zip(self.sha256s, self.defect_types, strict=True)


def defect_crop(pixels: np.ndarray, box: Box) -> np.ndarray:
    """The square part of a picture around a defect, moved inside where it would lie across a rim.

    Args:
        pixels: uint8 (H, W, 3).
        box: of the defect.

    Returns:
        uint8 (h, w, 3), a view; not square only where the picture is narrower than the square.
    """
    height, width = pixels.shape[:2]
    side = round(max(CONTEXT * max(box.width, box.height), SMALLEST_SHARE * max(height, width)))
    side = max(side, SMALLEST_PX)
    left = int(np.clip(box.x + box.width / 2 - side / 2, 0, max(0, width - side)))
    top = int(np.clip(box.y + box.height / 2 - side / 2, 0, max(0, height - side)))
    return pixels[top : top + side, left : left + side]


def _by_type(
    cosines: np.ndarray, defect_types: Sequence[str], usable: np.ndarray
) -> dict[str, float]:
    found: dict[str, float] = {}
    for kind in sorted(set(defect_types)):
        members = cosines[usable & (np.array(defect_types) == kind)]
        if members.size:
            found[kind] = float(np.sort(members)[-NEAREST:].mean())
    return found
