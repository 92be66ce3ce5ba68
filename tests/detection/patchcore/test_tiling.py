from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.detection.base import Lesson
from core.detection.patchcore.detector import PatchCore, PatchCoreOptions
from core.detection.patchcore.tiling import MAX_TILES, blended, tiles_of
from core.domain import Product
from core.domain.errors import DetectorError
from core.infrastructure.settings import Settings


@pytest.mark.parametrize(("height", "width"), [(100, 100), (90, 130), (301, 999), (40, 700)])
def test_tiles_cover_the_picture_and_blend_without_a_seam(height: int, width: int) -> None:
    tiles = tiles_of(height, width, 100, 0.2)
    whole = np.random.default_rng(0).normal(size=(height, width)).astype(np.float32)

    again = blended(height, width, ((tile, tile.of(whole)) for tile in tiles))

    np.testing.assert_allclose(again, whole, atol=1e-5)
    assert len({(tile.height, tile.width) for tile in tiles}) == 1


def test_neighbours_overlap_as_much_as_was_asked() -> None:
    lefts = sorted({tile.left for tile in tiles_of(1000, 4000, 1000, 0.25)})

    assert max(np.diff(lefts)) <= 750


def test_more_tiles_than_anyone_waits_for_are_refused(model_cache: Path) -> None:
    assert len(tiles_of(3000, 4000, 256, 0.25)) < MAX_TILES
    large = [np.zeros((3000, 4000, 3), np.uint8)]
    lesson = Lesson(Product(dataset="a", category="b"), large, Settings(model_cache=model_cache))

    with pytest.raises(DetectorError, match="4000 x 3000 pixels has 68704 tiles of 128 px"):
        PatchCore.fit(lesson, PatchCoreOptions(tile_px=128, tile_overlap=0.9))


def sheet(rng: np.random.Generator) -> np.ndarray:
    grain = cv2.resize(rng.normal(130, 20, (750, 1000)), (4000, 3000))
    noisy = grain + rng.normal(0, 3, size=(3000, 4000))
    return np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def test_a_small_defect_on_a_large_part(model_cache: Path) -> None:
    """A mark of 12 px on 4000 x 3000 px: lost in the whole picture, found in tiles."""
    settings, rng = Settings(model_cache=model_cache), np.random.default_rng(0)
    lesson = Lesson(Product(dataset="Plant", category="sheet"), [sheet(rng)], settings)
    good, bad = sheet(rng), sheet(rng)
    cv2.circle(bad, (3100, 700), 6, (10, 10, 10), -1)

    margins = {}
    for tile_px in (None, 1000):
        detector = PatchCore.fit(lesson, PatchCoreOptions(tile_px=tile_px))
        calm, marked = detector.predict(good), detector.predict(bad)
        margins[tile_px] = marked.score / calm.score
        assert marked.anomaly_map.shape == (3000, 4000)

    assert margins[1000] > 1.05 > margins[None]
    y, x = np.unravel_index(marked.anomaly_map.argmax(), marked.anomaly_map.shape)
    assert abs(x - 3100) < 60
    assert abs(y - 700) < 60
