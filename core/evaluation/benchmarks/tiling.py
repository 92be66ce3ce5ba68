"""Compare the detection of small marks on large pictures, seen whole and in tiles."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from pydantic import Field

from core.detection.base import Lesson
from core.detection.patchcore.detector import PatchCore, PatchCoreOptions
from core.domain import Frozen, Product
from core.evaluation.benchmarks.environment import machine
from core.infrastructure.settings import Settings

WIDTH, HEIGHT = 4000, 3000
TILE_PX = 1000
NORMALS = 3
PICTURES = 5
DIAMETERS = (12, 24, 48)
# Side of a patch when the whole picture is scaled to 256 px: the precision of a map's peak.
PATCH_PX = WIDTH / 32


class TilingFigures(Frozen):
    """Figures of one way of viewing the pictures."""

    tile_px: int | None = Field(description="side of the tiles; None: the whole picture")
    tiles: int = Field(description="of a picture")
    learn: float = Field(description="seconds")
    inspect_median: float = Field(description="seconds of a picture, decoded already")
    pictures: int = Field(description="good ones, and ones with a mark of each diameter")
    found: dict[int, int] = Field(
        description="by diameter in px: marked pictures that score above every good one, with the "
        "map's peak at the mark"
    )


def compare_tiling(
    settings: Settings,
    *,
    pictures: int = PICTURES,
    diameters: Sequence[int] = DIAMETERS,
    on_progress: Callable[[str, float], object],
) -> list[TilingFigures]:
    """Learn synthetic sheets of 4000 x 3000 px and find dark round marks, whole and in tiles.

    Both ways use the same pictures and the detector's defaults, except for the tiles.
    """
    figures = []
    for number, tile_px in enumerate((None, TILE_PX)):
        on_progress("Look at large pictures", number / 2)
        figures.append(_seen(PatchCoreOptions(tile_px=tile_px), settings, pictures, diameters))
    on_progress("Look at large pictures", 1)
    return figures


def sheet(rng: np.random.Generator) -> np.ndarray:
    """Draw a sheet with coarse grain and pixel noise: uint8 (3000, 4000, 3)."""
    coarse = rng.normal(130, 20, (HEIGHT // 4, WIDTH // 4))
    grain = cv2.resize(coarse.astype(np.float32), (WIDTH, HEIGHT))
    noisy = grain + 3 * rng.standard_normal((HEIGHT, WIDTH), np.float32)
    return np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def _seen(
    options: PatchCoreOptions, settings: Settings, pictures: int, diameters: Sequence[int]
) -> TilingFigures:
    rng = np.random.default_rng(0)
    normals = [sheet(rng) for _ in range(NORMALS)]
    lesson = Lesson(Product.from_key("evaluation/sheet"), normals, settings)
    PatchCore.fit(Lesson(lesson.product, normals[:1], settings), options)  # the network is loaded
    start = time.perf_counter()
    detector = PatchCore.fit(lesson, options)
    learn = time.perf_counter() - start
    times: list[float] = []

    def seen(pixels: np.ndarray) -> tuple[float, float, float]:
        """Measure the score, and x and y of the map's peak."""
        start = time.perf_counter()
        prediction = detector.predict(pixels)
        times.append(time.perf_counter() - start)
        y, x = np.unravel_index(prediction.anomaly_map.argmax(), pixels.shape[:2])
        return prediction.score, float(x), float(y)

    highest = max(seen(sheet(rng))[0] for _ in range(pictures))
    found = dict.fromkeys(diameters, 0)
    for diameter in diameters:
        for _ in range(pictures):
            pixels = sheet(rng)
            centre = rng.integers((100, 100), (WIDTH - 100, HEIGHT - 100))
            cv2.circle(pixels, centre.tolist(), diameter // 2, (10, 10, 10), -1)
            score, x, y = seen(pixels)
            is_near = np.hypot(x - centre[0], y - centre[1]) <= PATCH_PX
            found[diameter] += bool(score > highest and is_near)
    return TilingFigures(
        tile_px=options.tile_px,
        tiles=len(options.tiles(normals[0])),
        learn=learn,
        inspect_median=float(np.median(times)),
        pictures=pictures,
        found=found,
    )


def tiling_table(all_figures: Sequence[TilingFigures]) -> str:
    """Render the comparison as a Markdown table, with the machine below it."""
    diameters = list(all_figures[0].found)
    columns = ["seen", "tiles", "learn", "inspect a picture, median"]
    columns += [f"marks of {diameter} px found" for diameter in diameters]
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for f in all_figures:
        name = "whole" if f.tile_px is None else f"in tiles of {f.tile_px} px"
        cells = [name, str(f.tiles), f"{f.learn:.1f} s", f"{f.inspect_median:.2f} s"]
        cells += [f"{f.found[diameter]} of {f.pictures}" for diameter in diameters]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + (
        f"\n\nDrawn sheets of {WIDTH} x {HEIGHT} px, {NORMALS} to learn from; a dark round mark is "
        f"found when its picture scores above {all_figures[0].pictures} good ones and the map's "
        f"peak lies at it. {machine()}."
    )
