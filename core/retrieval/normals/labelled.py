"""Crops of defects whose type a person has named, searched exactly."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from core.domain import Box, Frozen
from core.domain.errors import CheckpointError
from core.infrastructure.atomic_files import write_atomically
from core.retrieval.normals.type_calibration import TypeCalibration, calibrate_types

# A type is as near as its nearest few crops are on the mean: one odd label decides nothing.
NEAREST = 3
# A crop shows half as much again as the defect's box, and never less than this share of the
# picture: what a mark is depends on what lies around it.
CONTEXT = 1.5
SMALLEST_SHARE = 1 / 8
SMALLEST_PX = 32
# Crops that are this alike may show one part twice: left in, they would make a calibration on
# labelled pictures better than inspection will be.
NEAR_DUPLICATE = 0.9


class Label(Frozen):
    """What a person said of one defect.

    Attributes:
        defect_type: the name that was given.
        sha256: of the picture.
        origin: who or what named it, such as an inspection's number or a folder's name.
        is_found: whether the crop was cut where the detector found the defect, as inspection will,
            or, because it found nothing there, where the label marks it.
    """

    defect_type: str
    sha256: str
    origin: str
    is_found: bool


class LabelledCrops:
    """Labelled defects of one product.

    Example:
        >>> named = [
        ...     Label(defect_type=name, sha256=name, origin="", is_found=True)
        ...     for name in ("crack", "hole")
        ... ]
        >>> crops = LabelledCrops(np.eye(2), named, "encoder")
        >>> crops.similarities(np.array([1.0, 0.0]))
        {'crack': 1.0, 'hole': 0.0}
    """

    def __init__(self, embeddings: np.ndarray, labels: Sequence[Label], encoder: str) -> None:
        """Index crops.

        Args:
            embeddings: float (n, C), each of unit length.
            labels: in the same order.
            encoder: name of what made the embeddings.
        """
        self.embeddings = embeddings.astype(np.float16)
        self.labels = tuple(labels)
        self.encoder = encoder
        self._sources = np.array([label.sha256 for label in self.labels])
        named = np.array([label.defect_type for label in self.labels])
        self._members = {str(name): named == name for name in np.unique(named)}

    def pictures(self) -> dict[str, int]:
        """How many different pictures each type has been named on."""
        named = {(label.defect_type, label.sha256) for label in self.labels}
        return dict(sorted(Counter(defect_type for defect_type, _ in named).items()))

    def similarities(
        self,
        embedding: np.ndarray,
        *,
        exclude_sha256: str | None = None,
        without_near_duplicates: bool = False,
    ) -> dict[str, float]:
        """How much each labelled type looks like a crop: mean cosine of its nearest three.

        Args:
            embedding: float (C,), of unit length.
            exclude_sha256: a picture whose own crops are no evidence for it.
            without_near_duplicates: leave out crops that may show the same part.

        Returns:
            Types by name; one that has no crop left is not among them.
        """
        cosines = self.embeddings.astype(np.float32) @ embedding.astype(np.float32)
        usable = self._sources != (exclude_sha256 or "")
        if without_near_duplicates:
            usable &= cosines < NEAR_DUPLICATE
        found: dict[str, float] = {}
        for name, members in self._members.items():
            own = cosines[members & usable]
            if own.size:
                found[name] = float(np.sort(own)[-NEAREST:].mean())
        return found

    @cached_property
    def left_out(self) -> tuple[tuple[Label, dict[str, float]], ...]:
        """Each crop that was cut as inspection cuts it, and what the others say of it.

        Crops of the same picture, and crops so alike that they may show the same part, are not
        asked: see `similarities`.
        """
        return tuple(
            (
                label,
                self.similarities(
                    embedding, exclude_sha256=label.sha256, without_near_duplicates=True
                ),
            )
            for embedding, label in zip(self.embeddings, self.labels, strict=True)
            if label.is_found
        )

    @cached_property
    def calibration(self) -> TypeCalibration | None:
        """What a similarity is worth as a probability; None where too little is labelled."""
        return calibrate_types(
            [similarities for _, similarities in self.left_out],
            [label.defect_type for label, _ in self.left_out],
            [label.sha256 for label, _ in self.left_out],
            among=frozenset(self._members),
        )

    def with_more(self, more: LabelledCrops) -> LabelledCrops:
        """Both together; of a picture that is labelled anew, only the new labels stay."""
        anew = {label.sha256 for label in more.labels}
        kept = [number for number, label in enumerate(self.labels) if label.sha256 not in anew]
        return LabelledCrops(
            np.concatenate([self.embeddings[kept], more.embeddings]),
            [*(self.labels[number] for number in kept), *more.labels],
            more.encoder,
        )

    def save(self, path: Path) -> None:
        """Write a safetensors file in a single step.

        Raises:
            CheckpointError: if it cannot be written.
        """
        from safetensors.numpy import save

        said = {
            "labels": json.dumps([label.model_dump() for label in self.labels]),
            "encoder": self.encoder,
        }
        try:
            write_atomically(path, save({"embeddings": self.embeddings}, metadata=said))
        except OSError as error:
            raise CheckpointError(
                f"The labelled defects could not be written to {path}: {error.strerror}. Free "
                "space or correct the folder's rights and label again; what was there before is."
            ) from error

    @classmethod
    def load(cls, path: Path, encoder: str) -> LabelledCrops:
        """Read a file.

        Args:
            path: of the file.
            encoder: name of what will make the embeddings that are compared with it.

        Raises:
            CheckpointError: if the file is missing or damaged, or another encoder made it.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "numpy") as file:
                said = file.metadata()
                labels = [Label.model_validate(label) for label in json.loads(said["labels"])]
                crops = cls(file.get_tensor("embeddings"), labels, said["encoder"])
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"The labelled defects in {path} are missing or damaged ({error}). Restore the "
                "file from a copy, or remove it and label again."
            ) from error
        if crops.encoder != encoder:
            raise CheckpointError(
                f"The labelled defects in {path} were made with {crops.encoder}, but this station "
                f"looks at pictures with {encoder}. Remove the file and label again."
            )
        return crops


def defect_crop(pixels: np.ndarray, box: Box) -> np.ndarray:
    """The square part of a picture around a defect, moved inside where it would cross a rim.

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
