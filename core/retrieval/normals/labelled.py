"""Crops of defects whose type a person has named, searched exhaustively."""

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

# A type's similarity is the mean of its nearest crops, so a single wrong label decides nothing.
NEAREST = 3
# A crop is 1.5 times the size of the defect's box, and at least this share of the picture: the
# surroundings help to tell what a mark is.
CONTEXT_FACTOR = 1.5
SMALLEST_CROP_SHARE = 1 / 8
SMALLEST_CROP_PX = 32
# Crops as similar as this may show the same part twice. Left in, they would make the calibration
# on labelled pictures look better than later inspections can be.
NEAR_DUPLICATE_COSINE = 0.9


class Label(Frozen):
    """The defect type that a person gave to one defect.

    Attributes:
        defect_type: the name given.
        sha256: hash of the picture.
        origin: who or what named it, such as an inspection's number or a folder's name.
        is_found: True if the crop was cut where the detector found the defect, as in an inspection;
            False if the detector found nothing and the crop was cut where the label marks it.
    """

    defect_type: str
    sha256: str
    origin: str
    is_found: bool


class LabelledCrops:
    """The labelled defects of one product.

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
            labels: of the crops, in the same order.
            encoder: name of the encoder that made the embeddings.
        """
        self.embeddings = embeddings.astype(np.float16)
        self.labels = tuple(labels)
        self.encoder = encoder
        self._sources = np.array([label.sha256 for label in self.labels])
        named = np.array([label.defect_type for label in self.labels])
        self._members = {str(name): named == name for name in np.unique(named)}

    def pictures(self) -> dict[str, int]:
        """Count the different pictures on which each type was named."""
        named = {(label.defect_type, label.sha256) for label in self.labels}
        return dict(sorted(Counter(defect_type for defect_type, _ in named).items()))

    def similarities(
        self,
        embedding: np.ndarray,
        *,
        exclude_sha256: str | None = None,
        without_near_duplicates: bool = False,
    ) -> dict[str, float]:
        """Measure how much each type looks like a crop: mean cosine of its three nearest crops.

        Args:
            embedding: float (C,), of unit length.
            exclude_sha256: a picture whose crops are left out.
            without_near_duplicates: leave out crops that may show the same part.

        Returns:
            Similarity by type; types without a remaining crop are missing.
        """
        cosines = self.embeddings.astype(np.float32) @ embedding.astype(np.float32)
        usable = self._sources != (exclude_sha256 or "")
        if without_near_duplicates:
            usable &= cosines < NEAR_DUPLICATE_COSINE
        found: dict[str, float] = {}
        for name, members in self._members.items():
            own = cosines[members & usable]
            if own.size:
                found[name] = float(np.sort(own)[-NEAREST:].mean())
        return found

    @cached_property
    def left_out(self) -> tuple[tuple[Label, dict[str, float]], ...]:
        """The label of each crop found by the detector, and its similarities to the other crops.

        Crops of the same picture, and crops so similar that they may show the same part, are left
        out: see `similarities`.
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
        """Conversion of similarities to probabilities; None if too little is labelled."""
        return calibrate_types(
            [similarities for _, similarities in self.left_out],
            [label.defect_type for label, _ in self.left_out],
            [label.sha256 for label, _ in self.left_out],
            among=frozenset(self._members),
        )

    def with_more(self, more: LabelledCrops) -> LabelledCrops:
        """Add further labels; on a picture that is labelled again, they replace the old ones."""
        anew = {label.sha256 for label in more.labels}
        kept = [number for number, label in enumerate(self.labels) if label.sha256 not in anew]
        return LabelledCrops(
            np.concatenate([self.embeddings[kept], more.embeddings]),
            [*(self.labels[number] for number in kept), *more.labels],
            more.encoder,
        )

    def save(self, path: Path) -> None:
        """Write a safetensors file atomically.

        Raises:
            CheckpointError: if it cannot be written.
        """
        from safetensors.numpy import save

        metadata = {
            "labels": json.dumps([label.model_dump() for label in self.labels]),
            "encoder": self.encoder,
        }
        try:
            write_atomically(path, save({"embeddings": self.embeddings}, metadata=metadata))
        except OSError as error:
            raise CheckpointError(
                f"The labelled defects could not be written to {path}: {error.strerror}. Free "
                "space or correct the folder's permissions, and label again. Earlier labels are "
                "unchanged."
            ) from error

    @classmethod
    def load(cls, path: Path, encoder: str) -> LabelledCrops:
        """Read a file that `save` wrote.

        Args:
            path: the file's path.
            encoder: name of the encoder in use; its embeddings will be compared with the file's.

        Raises:
            CheckpointError: if the file is missing or damaged, or another encoder made it.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "numpy") as file:
                metadata = file.metadata()
                labels = [Label.model_validate(label) for label in json.loads(metadata["labels"])]
                crops = cls(file.get_tensor("embeddings"), labels, metadata["encoder"])
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"The labelled defects in {path} are missing or damaged ({error}). Restore the "
                "file from a copy, or remove it and label again."
            ) from error
        if crops.encoder != encoder:
            raise CheckpointError(
                f"The labelled defects in {path} were made with {crops.encoder}, but this station "
                f"uses {encoder}. Remove the file and label again."
            )
        return crops


def defect_crop(pixels: np.ndarray, box: Box) -> np.ndarray:
    """Cut out the square around a defect, shifted inward where it would cross an edge.

    Args:
        pixels: uint8 (H, W, 3).
        box: the defect's box.

    Returns:
        uint8 (h, w, 3), a view; not square if the picture is smaller than the square.
    """
    height, width = pixels.shape[:2]
    longest = max(box.width, box.height)
    side = round(max(CONTEXT_FACTOR * longest, SMALLEST_CROP_SHARE * max(height, width)))
    side = max(side, SMALLEST_CROP_PX)
    left = int(np.clip(box.x + box.width / 2 - side / 2, 0, max(0, width - side)))
    top = int(np.clip(box.y + box.height / 2 - side / 2, 0, max(0, height - side)))
    return pixels[top : top + side, left : left + side]
