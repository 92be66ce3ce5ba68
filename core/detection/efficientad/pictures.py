"""The pictures that an EfficientAD learns from: normals, crops of them, and strange ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.infrastructure.backbones import resized

if TYPE_CHECKING:
    from torch import Tensor

# Resized pictures that are kept, so that each is decoded once in most lessons.
KEPT = 256
# Folder in AD_WEIGHTS_DIR with natural pictures, as anomalib's ImageNette.
OUTSIDE_FOLDER = "imagenette"
OUTSIDE_SUFFIXES = {".jpg", ".jpeg", ".png"}
SHUFFLED_CELLS = 4
# Side of what one step looks at, in pixels of the input: many small steps learn more in the same
# time than few large ones.
WINDOW = 128

Draw = Callable[[np.random.Generator], np.ndarray]


def squares(normals: Sequence[np.ndarray], side: int) -> Callable[[int], np.ndarray]:
    """Resize normals by their number, each to uint8 (side, side, 3)."""
    return lru_cache(KEPT)(lambda number: resized(normals[number], side))


def to_tensor(pixels: np.ndarray, device: str) -> Tensor:
    """Convert uint8 (H, W, 3) to float32 (1, 3, H, W), 0..1."""
    import torch

    return torch.from_numpy(pixels).to(device).permute(2, 0, 1)[None].float() / 255


def window(pixels: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """Cut a square part of a picture, at its own scale."""
    top, left = rng.integers(0, len(pixels) - side + 1, 2)
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


def random_view(pixels: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """Cut a mirrored window, a little brighter or darker, half of the time enlarged."""
    seen = resized(window(pixels, int(side * min(1, rng.uniform(0.5, 1.5))), rng), side)
    mirrored = seen[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    return _brightened(mirrored, rng.uniform(0.8, 1.2), rng.uniform(-20, 20))


def strange(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make a picture that shares only its materials with the product.

    Turned by any angle, enlarged 1.5 to 3 times, its cells shuffled and its colours changed, so
    that hardly any place of it looks as a place of the product does.
    """
    side = len(pixels)
    x, y = rng.uniform(side / 4, 3 * side / 4, 2).tolist()
    turn = cv2.getRotationMatrix2D((x, y), rng.uniform(0, 360), rng.uniform(1.5, 3))
    turned = cv2.warpAffine(pixels, turn, (side, side), borderMode=cv2.BORDER_REFLECT_101)
    edges = np.linspace(0, side, SHUFFLED_CELLS + 1).astype(int)
    size = edges[1]
    result = np.empty_like(turned)
    order = rng.permutation(SHUFFLED_CELLS**2)
    for place, source in enumerate(order):
        top, left = (edges[i] for i in divmod(place, SHUFFLED_CELLS))
        from_top, from_left = (edges[i] for i in divmod(int(source), SHUFFLED_CELLS))
        cell = turned[from_top : from_top + size, from_left : from_left + size]
        result[top : top + size, left : left + size] = np.rot90(cell, int(rng.integers(4)))
    if rng.random() < 0.3:
        result = np.repeat(result.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    else:
        result = result[:, :, rng.permutation(3)]
    if rng.random() < 0.5:
        result = 255 - result
    return _brightened(result, rng.uniform(0.5, 2), rng.uniform(-60, 60))


def outsiders(
    normal: Callable[[int], np.ndarray], count: int, side: int, weights_dir: Path | None
) -> tuple[Draw, str]:
    """Where pictures that are not of the product come from, and what the card says of them.

    The student is kept from imitating the teacher on them (Batzner et al., section 3.2). They are
    natural pictures of AD_WEIGHTS_DIR/imagenette, prepared as anomalib does it; without that
    folder, the product's own pictures are made strange.

    Args:
        normal: the product's pictures by number, each uint8 (side, side, 3).
        count: of the product's pictures.
        side: in pixels.
        weights_dir: setting AD_WEIGHTS_DIR.

    Returns:
        A function that draws one, uint8 (side, side, 3).
    """
    folder = weights_dir and weights_dir / OUTSIDE_FOLDER
    paths = (
        sorted(path for path in folder.rglob("*") if path.suffix.lower() in OUTSIDE_SUFFIXES)
        if folder
        else []
    )
    if not paths:
        return (
            lambda rng: strange(normal(int(rng.integers(count))), rng),
            "the product's own pictures, turned, enlarged, shuffled and recoloured",
        )

    def natural(rng: np.random.Generator) -> np.ndarray:
        read = cv2.imread(str(paths[rng.integers(len(paths))]), cv2.IMREAD_COLOR)
        if read is None:
            return natural(rng)
        large = resized(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), 2 * side)
        if rng.random() < 0.3:
            large = cv2.cvtColor(cv2.cvtColor(large, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        return np.ascontiguousarray(large[side // 2 : -side // 2, side // 2 : -side // 2])

    return natural, f"{len(paths)} natural pictures of the folder {OUTSIDE_FOLDER}"


def _brightened(pixels: np.ndarray, contrast: float, brightness: float) -> np.ndarray:
    mean = float(pixels.mean())
    values = (pixels.astype(np.float32) - mean) * contrast + mean + brightness
    return np.ascontiguousarray(np.clip(values, 0, 255).astype(np.uint8))
