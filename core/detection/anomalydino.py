"""AnomalyDINO: cosine distance of DINOv2 patch tokens to those of a few normal pictures.

Damm et al., "AnomalyDINO: Boosting Patch-based Few-shot Anomaly Detection with DINOv2", WACV 2025.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Self

import cv2
import numpy as np
from pydantic import Field

from core.detection.base import Detector, Lesson, Prediction
from core.detection.features import TokenOptions, absent_weights, load_features
from core.detection.patchcore.coreset import greedy_coreset
from core.detection.patchcore.maps import anomalib_map
from core.detection.patchcore.memory_bank import open_memory
from core.detection.tensors import read_banks, write_tensors
from core.domain import Frozen, JobStep
from core.infrastructure.devices import torch_device
from core.infrastructure.settings import Settings

BANK_FILE = "bank.safetensors"
# Of the first principal component of DINOv2's tokens, and of the picture's middle (the paper's
# own code, as anomalib has them too).
FOREGROUND_LEVEL = 10.0
MIDDLE_BORDER = 0.2
MIDDLE_SHARE = 0.35
TOP_SHARE = 0.01


class AnomalyDinoOptions(Frozen):
    """How an AnomalyDINO is trained and how it scores."""

    backbone: str = Field("vit_small_patch14_dinov2", description="a vision transformer of timm")
    input_size: int = Field(
        448, ge=64, le=1344, description="side, in pixels; a multiple of the backbone's patch"
    )
    shots: int | None = Field(None, ge=1, description="normals to learn from; None: all")
    rotations: bool = Field(True, description="learn each normal turned by 0, 45, ... 315 degrees")
    mask: bool = Field(
        False, description="look at the foreground alone: for single objects, not for surfaces"
    )
    bank_size: int = Field(8000, ge=1, description="tokens to keep")

    def features(self) -> TokenOptions:
        """Select the network's part of the options."""
        return TokenOptions(backbone=self.backbone, input_size=self.input_size, unit_layers=False)


class AnomalyDino(Detector[AnomalyDinoOptions]):
    """A memory of DINOv2 tokens."""

    algorithm = "anomalydino"
    options_type: ClassVar = AnomalyDinoOptions

    def __init__(self, bank: np.ndarray, options: AnomalyDinoOptions, settings: Settings) -> None:
        """Make a detector of a bank.

        Args:
            bank: float (M, C), tokens of unit length; kept in half precision.
            options: that made it.
            settings: where the backbone is.
        """
        self.options = options
        self._features = load_features(options.features(), settings)
        self.memory = open_memory(bank, torch_device(settings))

    @classmethod
    def fit(cls, lesson: Lesson, options: AnomalyDinoOptions) -> Self:
        features = load_features(options.features(), lesson.settings)
        normals = lesson.normals[: options.shots]
        collected = []
        for done, pixels in enumerate(normals):
            lesson.on_progress(JobStep.SEE_PICTURES, done / len(normals))
            for turned in _turned(pixels) if options.rotations else [pixels]:
                (tokens,) = features(turned)
                collected.append(_unit(tokens[_seen_part(tokens, options)]).astype(np.float16))
        chosen = greedy_coreset(
            np.concatenate(collected).astype(np.float32),
            options.bank_size,
            seed=lesson.seed,
            on_progress=lambda share: lesson.on_progress(JobStep.MEMORY_BANK, share),
        )
        return cls(np.concatenate(collected)[chosen], options, lesson.settings)

    def _predict(self, pixels: np.ndarray) -> Prediction:
        (tokens,) = self._features(pixels)
        part = _seen_part(tokens, self.options)
        distances = np.zeros(tokens.shape[:2], np.float32)
        euclidean, _ = self.memory.nearest(_unit(tokens[part]))
        # Between vectors of unit length: 1 - cosine = |a - b|^2 / 2.
        distances[part] = euclidean**2 / 2
        strongest = np.sort(distances, axis=None)[-max(1, int(distances.size * TOP_SHARE)) :]
        anomaly_map = anomalib_map(distances, self.options.input_size, *pixels.shape[:2])
        return Prediction(anomaly_map, float(strongest.mean()))

    def save(self) -> dict[str, bytes]:
        return {BANK_FILE: write_tensors({"bank": self.memory.bank})}

    @classmethod
    def load(
        cls, files: Mapping[str, bytes], options: AnomalyDinoOptions, settings: Settings
    ) -> Self:
        return cls(read_banks(files, BANK_FILE)["bank"], options, settings)

    @classmethod
    def absent_weights(cls, options: AnomalyDinoOptions, settings: Settings) -> str:
        return absent_weights(options.features(), settings)

    @property
    def backbone_name(self) -> str:
        return self.options.backbone

    def facts(self) -> dict[str, str]:
        patches, channels = self.memory.bank.shape
        return {"memory bank": f"{patches} tokens of {channels} numbers"}


def foreground(tokens: np.ndarray) -> np.ndarray:
    """Tell which tokens show the object and not what it lies on.

    The tokens' first principal component separates the two; its sign is chosen so that the
    picture's middle is foreground (Damm et al., section 3.2).

    Args:
        tokens: float32 (h, w, C), as the network gives them.

    Returns:
        bool (h, w).
    """
    rows, columns, channels = tokens.shape
    flat = tokens.reshape(-1, channels)
    centred = flat - flat.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    component = (centred @ vectors[:, -1]).reshape(rows, columns)
    mask = component > FOREGROUND_LEVEL
    middle = mask[
        int(rows * MIDDLE_BORDER) : int(rows * (1 - MIDDLE_BORDER)),
        int(columns * MIDDLE_BORDER) : int(columns * (1 - MIDDLE_BORDER)),
    ]
    if middle.sum() <= middle.size * MIDDLE_SHARE:
        mask = -component > FOREGROUND_LEVEL
    kernel = np.ones((3, 3), np.uint8)
    grown = cv2.dilate(mask.astype(np.uint8), kernel)
    return cv2.morphologyEx(grown, cv2.MORPH_CLOSE, kernel).astype(bool)


def _seen_part(tokens: np.ndarray, options: AnomalyDinoOptions) -> np.ndarray:
    """Find the tokens that count, bool (h, w); all of them in a picture without foreground."""
    everything = np.ones(tokens.shape[:2], bool)
    if not options.mask:
        return everything
    mask = foreground(tokens)
    return mask if mask.any() else everything


def _unit(tokens: np.ndarray) -> np.ndarray:
    return tokens / np.maximum(np.linalg.norm(tokens, axis=-1, keepdims=True), 1e-12)


def _turned(pixels: np.ndarray) -> Iterator[np.ndarray]:
    """Turn the picture around its middle; its edge is drawn out to fill the corners."""
    height, width = pixels.shape[:2]
    for angle in range(0, 360, 45):
        turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1)
        yield cv2.warpAffine(pixels, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
