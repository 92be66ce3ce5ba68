"""PatchCore: distance of each patch to a memory of normal patches.

Roth et al., "Towards Total Recall in Industrial Anomaly Detection", CVPR 2022.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from core.backbones import Backbone
from core.detection.coreset import greedy_coreset

ALGORITHM = "patchcore"
BANK_SIZE = 2000
# Patches to choose the bank from: more would change it little and cost time in proportion.
CANDIDATES = 150_000
SMOOTHING_PATCHES = 1.0


@dataclass(frozen=True)
class Prediction:
    """What a detector says of one picture.

    Attributes:
        anomaly_map: float32 (H, W), of the picture's own size, on the detector's absolute scale.
        score: the map's maximum, so that a picture scores high exactly where its map is high.
    """

    anomaly_map: np.ndarray
    score: float


class PatchCore:
    """A memory bank on a shared backbone.

    Attributes:
        bank: float32 (M, C), normal patches.

    Example:
        >>> detector = PatchCore.fit(backbone, normals)        # doctest: +SKIP
        >>> detector.predict(pixels).anomaly_map.shape         # doctest: +SKIP
        (512, 512)
    """

    def __init__(self, backbone: Backbone, bank: np.ndarray) -> None:
        self.backbone = backbone
        self.bank = np.ascontiguousarray(bank, np.float32)
        self._half_squares = np.einsum("ij,ij->i", self.bank, self.bank) / 2

    @classmethod
    def fit(
        cls,
        backbone: Backbone,
        patches: np.ndarray,
        *,
        seed: int = 0,
        on_progress: Callable[[float], object] | None = None,
    ) -> PatchCore:
        """Build the memory from the patches of normal pictures.

        Args:
            backbone: that made the patches.
            patches: float16 or float32 (N, C), `CANDIDATES` at most for speed.
            seed: of the random choices; the same patches and seed give the same bank.
            on_progress: called with the share done, 0..1.
        """
        patches = patches.astype(np.float32)
        chosen = greedy_coreset(patches, BANK_SIZE, seed=seed, on_progress=on_progress)
        # Half precision is what a checkpoint keeps: a fresh detector scores as a loaded one does.
        return cls(backbone, patches[chosen].astype(np.float16))

    def predict(self, pixels: np.ndarray) -> Prediction:
        """Score one picture.

        Args:
            pixels: uint8 (H, W, 3), RGB.
        """
        patches, _ = self.backbone(pixels)
        height, width = pixels.shape[:2]
        coarse = cv2.GaussianBlur(self.distances(patches), (0, 0), SMOOTHING_PATCHES)
        anomaly_map = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        return Prediction(anomaly_map, float(anomaly_map.max()))

    def distances(self, patches: np.ndarray) -> np.ndarray:
        """Distance of each patch to its nearest normal one.

        Args:
            patches: float32 (h, w, C).

        Returns:
            float32 (h, w).
        """
        flat = patches.reshape(-1, patches.shape[-1])
        # |x - b|^2 = |x|^2 - 2 (x.b - |b|^2 / 2): one matrix product finds every nearest patch.
        closeness = (flat @ self.bank.T - self._half_squares).max(axis=1)
        squares = np.einsum("ij,ij->i", flat, flat) - 2 * closeness
        return np.sqrt(np.maximum(squares, 0)).reshape(patches.shape[:2])
