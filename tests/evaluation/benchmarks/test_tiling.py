"""Large pictures whole and in tiles, on drawn sheets."""

from __future__ import annotations

import pytest

from core.evaluation.benchmarks.tiling import compare_tiling, tiling_table
from core.infrastructure.settings import Settings


@pytest.mark.slow
def test_a_small_mark_is_found_in_tiles_alone(station_settings: Settings) -> None:
    whole, tiled = compare_tiling(
        station_settings, pictures=2, diameters=(12,), on_progress=lambda step, share: None
    )

    assert (whole.tile_px, whole.tiles) == (None, 1)
    assert (tiled.tile_px, tiled.tiles) == (1000, 20)
    assert whole.found == {12: 0}
    assert tiled.found == {12: 2}
    assert 0 < whole.inspect_median < tiled.inspect_median
    table = tiling_table([whole, tiled])
    assert "| marks of 12 px found |" in table
    assert "2 of 2 |" in table
