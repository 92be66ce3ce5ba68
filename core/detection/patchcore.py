"""PatchCore: distance of each patch to a memory of normal patches.

Roth et al., "Towards Total Recall in Industrial Anomaly Detection", CVPR 2022.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from core.detection.accelerator import torch_device
from core.detection.base import Detector, Lesson, Prediction
from core.detection.coreset import greedy_coreset, uncovered
from core.detection.features import FeatureOptions, PatchFeatures, load_features
from core.detection.maps import anomalib_map, smooth_map
from core.detection.memory import open_memory
from core.detection.tensors import read_bank, write_tensors
from core.detection.tiling import Tile, blended, tiles_of
from core.settings import Settings

BANK_FILE = "bank.safetensors"
# Patches to choose the bank from: more would change it little and cost time in proportion.
CANDIDATES = 150_000


class PatchCoreOptions(FeatureOptions):
    """How a PatchCore is trained and how it scores."""

    bank_size: int = Field(2000, ge=1, description="patches to keep")
    coreset_ratio: float | None = Field(
        None, gt=0, le=1, description="share of the normals' patches to keep, instead of bank_size"
    )
    maps: Literal["smooth", "anomalib"] = Field(
        "smooth",
        description="smooth: blurred over the patches, then enlarged linearly; "
        "anomalib: enlarged in steps, then blurred by 4 px",
    )
    smoothing: float = Field(0.6, ge=0, description="of smooth maps: sigma, in patches")
    score: Literal["max", "max_patch", "reweighted"] = Field(
        "max",
        description="max: the map's maximum; max_patch: distance of the most distant patch; "
        "reweighted: the same, by how its nearest normal patch lies among its own neighbours "
        "(Roth et al., section 3.3)",
    )
    neighbours: int = Field(9, ge=2, description="of the reweighted score")
    tile_px: int | None = Field(
        None, ge=64, description="side of tiles, in the picture's pixels; None: the whole picture"
    )
    tile_overlap: float = Field(0.25, ge=0, le=0.9, description="of neighbouring tiles")

    def tiles(self, pixels: np.ndarray) -> list[Tile]:
        """The tiles that a picture is seen in."""
        return tiles_of(*pixels.shape[:2], self.tile_px, self.tile_overlap)


class PatchCore(Detector[PatchCoreOptions]):
    """A memory bank on a backbone that every product shares."""

    algorithm = "patchcore"
    options_type: ClassVar = PatchCoreOptions

    def __init__(self, bank: np.ndarray, options: PatchCoreOptions, settings: Settings) -> None:
        """A detector of a bank.

        Args:
            bank: float (M, C), normal patches; kept in half precision, as a checkpoint keeps them.
            options: that made it.
            settings: where the backbone is.
        """
        self.options = options
        self.features = load_features(_feature_options(options), settings)
        self.memory = open_memory(bank, torch_device(settings))

    @classmethod
    def fit(cls, lesson: Lesson, options: PatchCoreOptions) -> Self:
        features = load_features(_feature_options(options), lesson.settings)
        patches, seen = _collect(features, lesson, options)
        size = options.bank_size
        if options.coreset_ratio is not None:
            size = max(1, round(options.coreset_ratio * seen))
        chosen = greedy_coreset(
            patches.astype(np.float32),
            size,
            seed=lesson.seed,
            on_progress=lambda share: lesson.on_progress("Build the memory bank", share),
        )
        return cls(patches[chosen], options, lesson.settings)

    def _predict(self, pixels: np.ndarray) -> Prediction:
        tiles = self.options.tiles(pixels)
        seen = [self._seen(tile.of(pixels)) for tile in tiles]
        anomaly_map = seen[0].anomaly_map
        if len(tiles) > 1:
            maps = zip(tiles, (prediction.anomaly_map for prediction in seen), strict=True)
            anomaly_map = blended(*pixels.shape[:2], maps)
        if self.options.score == "max":
            return Prediction(anomaly_map, float(anomaly_map.max()))
        return Prediction(anomaly_map, max(prediction.score for prediction in seen))

    def save(self) -> dict[str, bytes]:
        return {BANK_FILE: write_tensors({"bank": self.memory.bank})}

    @classmethod
    def load(
        cls, files: Mapping[str, bytes], options: PatchCoreOptions, settings: Settings
    ) -> Self:
        return cls(read_bank(files, BANK_FILE), options, settings)

    @property
    def backbone_name(self) -> str:
        return self.options.backbone

    def facts(self) -> dict[str, str]:
        patches, channels = self.memory.bank.shape
        return {"memory bank": f"{patches} patches of {channels} numbers"}

    def _seen(self, pixels: np.ndarray) -> Prediction:
        """Score of one tile."""
        patches = self.features(pixels)
        rows, columns, channels = patches.shape
        flat = patches.reshape(-1, channels)
        distances, nearest = self.memory.nearest(flat)
        anomaly_map = self._map(distances.reshape(rows, columns), *pixels.shape[:2])
        score = self._reweighted(flat, distances, nearest)
        return Prediction(anomaly_map, score)

    def extend(self, lesson: Lesson) -> Self:
        """Adds what the memory does not know yet: patches that lie farther from it than its own
        patches lie from each other."""
        bank = self.memory.bank.astype(np.float32)
        patches, _ = _collect(self.features, lesson, self.options)
        added = patches[uncovered(bank, patches.astype(np.float32))]
        return type(self)(np.concatenate([bank, added]), self.options, lesson.settings)

    def _map(self, distances: np.ndarray, height: int, width: int) -> np.ndarray:
        if self.options.maps == "anomalib":
            return anomalib_map(distances, self.options.input_size, height, width)
        return smooth_map(distances, self.options.smoothing, height, width)

    def _reweighted(self, patches: np.ndarray, distances: np.ndarray, nearest: np.ndarray) -> float:
        """Score of the most distant patch, higher where the memory around it is sparse."""
        if self.options.score != "reweighted":
            return float(distances.max())
        farthest = int(distances.argmax())
        support = self.memory.around(int(nearest[farthest]), self.options.neighbours)
        from_patch = np.linalg.norm(support - patches[farthest], axis=1)
        weights = np.exp(from_patch - from_patch.max())
        return float((1 - weights[0] / weights.sum()) * distances[farthest])


def _feature_options(options: PatchCoreOptions) -> FeatureOptions:
    """The part of the options that products share a network by."""
    return FeatureOptions(**{name: getattr(options, name) for name in FeatureOptions.model_fields})


def _collect(
    features: PatchFeatures, lesson: Lesson, options: PatchCoreOptions
) -> tuple[np.ndarray, int]:
    """Patches to choose from, float16 (N, C), and how many all normals have."""
    rng = np.random.default_rng(lesson.seed)
    share = max(1, CANDIDATES // max(1, len(lesson.normals)))
    collected: list[np.ndarray] = []
    seen = 0
    for done, pixels in enumerate(lesson.normals):
        lesson.on_progress("See the good pictures", done / len(lesson.normals))
        views = [features(tile.of(pixels)) for tile in options.tiles(pixels)]
        flat = np.concatenate([patches.reshape(-1, patches.shape[-1]) for patches in views])
        seen += len(flat)
        if len(flat) > share:
            flat = flat[rng.choice(len(flat), share, replace=False)]
        collected.append(flat.astype(np.float16))
    return np.concatenate(collected), seen
