"""PatchCore: distance of each patch to a memory of normal patches.

Roth et al., "Towards Total Recall in Industrial Anomaly Detection", CVPR 2022.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from core.detection.base import Detector, Lesson, Prediction
from core.detection.features import FeatureOptions, PatchFeatures, absent_weights, load_features
from core.detection.patchcore.coreset import greedy_coreset, uncovered
from core.detection.patchcore.maps import anomalib_map, blurred, smooth_map
from core.detection.patchcore.memory_bank import open_memory
from core.detection.patchcore.tiling import Tile, blended, tiles_of
from core.detection.tensors import read_banks, write_tensors
from core.domain import JobStep
from core.infrastructure.devices import torch_device
from core.infrastructure.settings import Settings

BANK_FILE = "bank.safetensors"
# Patches to choose the bank from: more would change it little and cost time in proportion.
CANDIDATES = 150_000


class PatchCoreOptions(FeatureOptions):
    """How a PatchCore is trained and how it scores."""

    context_layers: tuple[str, ...] | None = Field(
        None,
        description="modules of a second memory, of what surrounds a patch, for score context; "
        "None: the backbone's own; (): no second memory",
    )
    bank_size: int = Field(2000, ge=1, description="patches to keep, in each memory")
    coreset_ratio: float | None = Field(
        None, gt=0, le=1, description="share of the normals' patches to keep, instead of bank_size"
    )
    maps: Literal["smooth", "anomalib"] = Field(
        "smooth",
        description="smooth: blurred over the patches, then enlarged linearly; "
        "anomalib: enlarged in steps, then blurred by 4 px",
    )
    smoothing: float = Field(0.6, ge=0, le=100, description="of distances: sigma, in patches")
    score: Literal["context", "max", "max_patch", "reweighted"] = Field(
        "context",
        description="context: mean of the highest distance of a patch and of the highest of what "
        "surrounds one; max: the map's maximum; max_patch: distance of the most distant patch; "
        "reweighted: the same, by how its nearest normal patch lies among its own neighbours "
        "(Roth et al., section 3.3)",
    )
    neighbours: int = Field(9, ge=2, description="of the reweighted score")
    tile_px: int | None = Field(
        None, ge=64, description="side of tiles, in the picture's pixels; None: the whole picture"
    )
    tile_overlap: float = Field(0.25, ge=0, le=0.9, description="of neighbouring tiles")

    def tiles(self, pixels: np.ndarray) -> list[Tile]:
        """List the tiles that a picture is cut into."""
        return tiles_of(*pixels.shape[:2], self.tile_px, self.tile_overlap)


class PatchCore(Detector[PatchCoreOptions]):
    """A memory bank on a backbone that every product shares.

    The map shows how far each patch is from the memory. A second, coarser memory knows what
    surrounds a patch: it tells parts apart better than it tells places, so it counts in the
    score alone.
    """

    algorithm = "patchcore"
    options_type: ClassVar = PatchCoreOptions

    def __init__(
        self,
        bank: np.ndarray,
        options: PatchCoreOptions,
        settings: Settings,
        context_bank: np.ndarray | None = None,
    ) -> None:
        """A detector of its banks.

        Args:
            bank: float (M, C), normal patches; kept in half precision, as a checkpoint keeps them.
            options: that made it.
            settings: where the backbone is.
            context_bank: float (N, D), the same of what surrounds patches.
        """
        self.options = options
        self.features = load_features(_feature_options(options), settings)
        device = torch_device(settings)
        self.memory = open_memory(bank, device)
        self.context = None if context_bank is None else open_memory(context_bank, device)

    @classmethod
    def fit(cls, lesson: Lesson, options: PatchCoreOptions) -> Self:
        features = load_features(_feature_options(options), lesson.settings)
        banks = []
        for candidates in _collect(features, lesson, options):
            size = options.bank_size
            if options.coreset_ratio is not None:
                size = max(1, round(options.coreset_ratio * candidates.seen))
            chosen = greedy_coreset(
                candidates.patches.astype(np.float32),
                size,
                seed=lesson.seed,
                on_progress=lambda share: lesson.on_progress(JobStep.MEMORY_BANK, share),
            )
            banks.append(candidates.patches[chosen])
        return cls(banks[0], options, lesson.settings, *banks[1:])

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
        banks = {"bank": self.memory.bank}
        if self.context is not None:
            banks["context"] = self.context.bank
        return {BANK_FILE: write_tensors(banks)}

    @classmethod
    def load(
        cls, files: Mapping[str, bytes], options: PatchCoreOptions, settings: Settings
    ) -> Self:
        banks = read_banks(files, BANK_FILE)
        return cls(banks["bank"], options, settings, banks.get("context"))

    @classmethod
    def absent_weights(cls, options: PatchCoreOptions, settings: Settings) -> str:
        return absent_weights(options, settings)

    @property
    def backbone_name(self) -> str:
        return self.options.backbone

    def facts(self) -> dict[str, str]:
        named = {"memory bank": self.memory, "context memory": self.context}
        return {
            name: f"{memory.bank.shape[0]} patches of {memory.bank.shape[1]} numbers"
            for name, memory in named.items()
            if memory is not None
        }

    def extend(self, lesson: Lesson) -> Self:
        """Add what the memories do not know yet: patches that lie farther from one than its own
        patches lie from each other."""
        known = [memory.bank for memory in (self.memory, self.context) if memory is not None]
        banks = []
        for bank, candidates in zip(
            known, _collect(self.features, lesson, self.options), strict=True
        ):
            patches = candidates.patches
            added = uncovered(bank.astype(np.float32), patches.astype(np.float32))
            banks.append(np.concatenate([bank, patches[added]]))
        return type(self)(banks[0], self.options, lesson.settings, *banks[1:])

    def _seen(self, pixels: np.ndarray) -> Prediction:
        """Map and score of one tile."""
        patches, *context = self.features(pixels)
        flat = _flat(patches)
        distances, nearest = self.memory.nearest(flat)
        grid = distances.reshape(patches.shape[:2])
        anomaly_map = self._map(grid, *pixels.shape[:2])
        if self.options.score == "context":
            return Prediction(anomaly_map, self._context_score(grid, *context))
        if self.options.score == "reweighted":
            return Prediction(anomaly_map, self._reweighted(flat, distances, nearest))
        return Prediction(anomaly_map, float(distances.max()))

    def _context_score(self, distances: np.ndarray, context: np.ndarray | None = None) -> float:
        """Highest distance, blurred as in the map; with the memory of contexts, the mean of both.

        A vision transformer has no second grid: its patches know what surrounds them.
        """
        highest = [blurred(distances, self.options.smoothing).max()]
        if self.context is not None and context is not None:
            around, _ = self.context.nearest(_flat(context))
            around = around.reshape(context.shape[:2])
            highest.append(blurred(around, self.options.smoothing).max())
        return float(np.mean(highest))

    def _map(self, distances: np.ndarray, height: int, width: int) -> np.ndarray:
        if self.options.maps == "anomalib":
            return anomalib_map(distances, self.options.input_size, height, width)
        return smooth_map(distances, self.options.smoothing, height, width)

    def _reweighted(self, patches: np.ndarray, distances: np.ndarray, nearest: np.ndarray) -> float:
        """Score of the most distant patch, higher where the memory around it is sparse."""
        farthest = int(distances.argmax())
        support = self.memory.around(int(nearest[farthest]), self.options.neighbours)
        from_patch = np.linalg.norm(support - patches[farthest], axis=1)
        weights = np.exp(from_patch - from_patch.max())
        return float((1 - weights[0] / weights.sum()) * distances[farthest])


def _feature_options(options: PatchCoreOptions) -> FeatureOptions:
    """Select the options by which products share a network."""
    values = {name: getattr(options, name) for name in FeatureOptions.model_fields}
    if options.score != "context":
        values["context_layers"] = ()
    return FeatureOptions(**values)


def _flat(grid: np.ndarray) -> np.ndarray:
    return grid.reshape(-1, grid.shape[-1])


@dataclass(frozen=True)
class _Candidates:
    """Patches to choose a bank from, float16 (N, C), and how many all normals have."""

    patches: np.ndarray
    seen: int


def _collect(
    features: PatchFeatures, lesson: Lesson, options: PatchCoreOptions
) -> list[_Candidates]:
    """Collect the candidates of each grid of features."""
    rng = np.random.default_rng(lesson.seed)
    share = max(1, CANDIDATES // max(1, len(lesson.normals)))
    pictures: list[list[_Candidates]] = []
    for done, pixels in enumerate(lesson.normals):
        lesson.on_progress(JobStep.SEE_PICTURES, done / len(lesson.normals))
        views = [features(tile.of(pixels)) for tile in options.tiles(pixels)]
        grids = [
            np.concatenate([_flat(grid) for grid in tiles]) for tiles in zip(*views, strict=True)
        ]
        pictures.append([_Candidates(_drawn(grid, share, rng), len(grid)) for grid in grids])
    return [
        _Candidates(
            np.concatenate([candidates.patches for candidates in grid]),
            sum(candidates.seen for candidates in grid),
        )
        for grid in zip(*pictures, strict=True)
    ]


def _drawn(patches: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    if len(patches) > most:
        patches = patches[rng.choice(len(patches), most, replace=False)]
    return patches.astype(np.float16)
