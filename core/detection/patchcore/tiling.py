"""Large pictures in overlapping tiles, so that a small defect keeps its pixels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from core.domain.errors import DetectorError

# At 10 ms a tile this is 20 s a picture.
MAX_TILES = 2000


@dataclass(frozen=True)
class Tile:
    """A rectangle of a picture, in pixels."""

    top: int
    left: int
    height: int
    width: int

    def of(self, pixels: np.ndarray) -> np.ndarray:
        """Cut this part out of a picture or map."""
        return pixels[self.top : self.top + self.height, self.left : self.left + self.width]


def tiles_of(height: int, width: int, side: int | None, overlap: float) -> list[Tile]:
    """Cover a picture with tiles, all of one size.

    Args:
        height, width: of the picture, in pixels.
        side: of a tile; None, or a picture that is smaller: one tile.
        overlap: smallest share of a tile that it has in common with its neighbour, 0..0.9.

    Raises:
        DetectorError: if there would be more than `MAX_TILES`.

    Example:
        >>> [(tile.left, tile.width) for tile in tiles_of(100, 250, 100, 0.2)]
        [(0, 100), (75, 100), (150, 100)]
    """
    if side is None:
        return [Tile(0, 0, height, width)]
    tile_height, tile_width = min(side, height), min(side, width)
    tops, lefts = _starts(height, tile_height, overlap), _starts(width, tile_width, overlap)
    if len(tops) * len(lefts) > MAX_TILES:
        raise DetectorError(
            f"A picture of {width} x {height} pixels has {len(tops) * len(lefts)} tiles of {side} "
            f"px with an overlap of {overlap:g}, but {MAX_TILES} at most are looked at. Choose "
            "larger tiles (tile_px) or less overlap (tile_overlap), and teach with that."
        )
    return [Tile(top, left, tile_height, tile_width) for top in tops for left in lefts]


def blended(height: int, width: int, maps: Iterable[tuple[Tile, np.ndarray]]) -> np.ndarray:
    """Blend the maps of tiles, which fade into each other where they overlap.

    Args:
        height, width: of the whole map.
        maps: each float32, of its tile's size.

    Returns:
        float32 (height, width).
    """
    total = np.zeros((height, width), np.float32)
    weights = np.zeros((height, width), np.float32)
    for tile, values in maps:
        fade = np.outer(_hat(tile.height), _hat(tile.width))
        part = tile.of(total)
        part += values * fade
        part = tile.of(weights)
        part += fade
    return total / weights


def _starts(length: int, side: int, overlap: float) -> list[int]:
    count = 1 + int(np.ceil((length - side) / (side * (1 - overlap))))
    return np.linspace(0, length - side, count).round().astype(int).tolist()


def _hat(length: int) -> np.ndarray:
    """Weights that rise from the edges to the middle."""
    steps = np.arange(length, dtype=np.float32) + 0.5
    return np.minimum(steps, length - steps) / length
