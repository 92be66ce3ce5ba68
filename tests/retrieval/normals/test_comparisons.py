"""Registration and crop pairs, on real parts in known poses."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from core.domain import Box, Exemplar
from core.imaging.registration import register
from core.retrieval.normals.comparisons import compare, crop_around, same_place
from tests.records import examples

EXEMPLAR = Exemplar(sha256="c" * 64, filename="good.png", similarity=0.9)


def pictures(folder: Path, count: int) -> list[np.ndarray]:
    paths = sorted((folder / "train" / "good").iterdir())[:count]
    return [np.array(Image.open(path).convert("RGB")) for path in paths]


def moved(pixels: np.ndarray, angle: float, x: float, y: float) -> tuple[np.ndarray, np.ndarray]:
    """The picture turned around its middle and shifted, and the matrix (2, 3) that did it."""
    height, width = pixels.shape[:2]
    pose = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, 1)
    pose[:, 2] += np.array([x, y])
    return cv2.warpAffine(pixels, pose, (width, height), borderMode=cv2.BORDER_REPLICATE), pose


def distance(transform: np.ndarray, pose: np.ndarray, shape: tuple[int, ...]) -> float:
    """How far, in pixels, the middle's surroundings are laid from where they belong."""
    height, width = shape[:2]
    points = np.array([[0.3, 0.3], [0.7, 0.3], [0.3, 0.7], [0.7, 0.7]]) * (width, height)
    there = points @ pose[:, :2].T + pose[:, 2]
    back = there @ transform[:, :2].T + transform[:, 2]
    return float(np.linalg.norm(back - points, axis=1).max())


@pytest.mark.parametrize("name", ["cookie", "transistor"])
@pytest.mark.parametrize("angle", [0, 4, 37, 90, 180, 251])
def test_a_turned_part_is_laid_over_itself(
    name: str, angle: float, real_data: Callable[[str], Path]
) -> None:
    pixels = pictures(real_data(name), 1)[0]
    turned, pose = moved(pixels, angle, 9, -13)

    found = register(turned, pixels)

    assert found.is_aligned
    assert distance(found.transform, pose, pixels.shape) < 0.02 * max(pixels.shape)


def test_another_part_is_laid_over_better_than_before(real_data: Callable[[str], Path]) -> None:
    first, *others = pictures(real_data("transistor"), 12)
    shifted, _ = moved(first, 3, 25, -18)

    for other in others:
        found = register(shifted, other)
        laid_over = cv2.warpAffine(
            other, found.transform, (512, 512), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        middle = (slice(100, 400), slice(100, 400))
        before = np.abs(shifted[middle].astype(float) - other[middle]).mean()
        after = np.abs(shifted[middle].astype(float) - laid_over[middle]).mean()
        assert found.is_aligned
        assert after < 0.7 * before


def test_round_parts_are_not_turned_for_nothing(real_data: Callable[[str], Path]) -> None:
    first, *others = pictures(real_data("bottle"), 6)

    for other in others:
        turn = register(first, other).transform[:, :2]
        assert abs(np.degrees(np.arctan2(turn[1, 0], turn[0, 0]))) < 10


def test_what_cannot_be_aligned_is_left_and_said() -> None:
    rng = np.random.default_rng(0)
    one, other = (rng.integers(0, 255, (200, 300, 3), np.uint8) for _ in range(2))

    (comparison,) = compare(one, other, EXEMPLAR, [examples.defect()])

    assert not comparison.is_aligned
    assert comparison.transform == pytest.approx((1, 0, 0, 0, 1, 0))
    assert comparison.sentence().startswith("Not aligned")


def test_pictures_of_other_sizes_and_shapes_are_compared(real_data: Callable[[str], Path]) -> None:
    pixels = pictures(real_data("transistor"), 1)[0]
    small = cv2.resize(pixels, (200, 100), interpolation=cv2.INTER_AREA)

    found = register(pixels, small)

    assert found.is_aligned
    assert found.transform[0, 0] == pytest.approx(200 / 512, rel=0.02)
    assert found.transform[1, 1] == pytest.approx(100 / 512, rel=0.02)


@pytest.mark.parametrize("shape", [(400, 1), (1, 400), (2, 2), (16, 9000)])
def test_strips_are_compared_without_a_crash(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    strip = rng.integers(0, 255, (*shape, 3), np.uint8)
    normal = rng.integers(0, 255, (64, 64, 3), np.uint8)
    defect = examples.defect().model_copy(update={"box": Box(x=0, y=0, width=1, height=1)})

    for inspected, reference in ((strip, normal), (normal, strip)):
        (comparison,) = compare(inspected, reference, EXEMPLAR, [defect])
        place = same_place(reference, comparison)
        assert place.shape == (comparison.crop.height, comparison.crop.width, 3)


def test_the_same_place_shows_the_same_pixels(real_data: Callable[[str], Path]) -> None:
    pixels = pictures(real_data("transistor"), 1)[0]
    defect = examples.defect().model_copy(update={"box": Box(x=200, y=300, width=60, height=20)})

    (comparison,) = compare(pixels, pixels, EXEMPLAR, [defect])

    crop = comparison.crop
    seen = pixels[crop.y : crop.y + crop.height, crop.x : crop.x + crop.width]
    assert comparison.error < 0.01
    assert np.abs(same_place(pixels, comparison).astype(float) - seen).mean() < 1


def test_where_the_normal_does_not_reach_is_grey() -> None:
    comparison = examples.comparison().model_copy(update={"transform": (1, 0, 5000, 0, 1, 5000)})

    assert (same_place(np.zeros((50, 50, 3), np.uint8), comparison) == 128).all()


def test_a_crop_stays_inside_the_picture() -> None:
    assert crop_around(Box(x=0, y=0, width=4, height=4), 100, 80) == Box(
        x=0, y=0, width=18, height=18
    )
    assert crop_around(Box(x=90, y=70, width=10, height=10), 100, 80) == Box(
        x=80, y=60, width=20, height=20
    )
    whole = crop_around(Box(x=10, y=0, width=80, height=60), 100, 80)
    assert (whole.width, whole.height) == (100, 80)


def test_a_large_picture_costs_little_more(real_data: Callable[[str], Path]) -> None:
    pixels = pictures(real_data("transistor"), 2)
    large = [cv2.resize(picture, (4096, 4096)) for picture in pixels]
    defects = [examples.defect(number) for number in range(1, 4)]

    def seconds(inspected: np.ndarray, normal: np.ndarray) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            compare(inspected, normal, EXEMPLAR, defects)
            times.append(time.perf_counter() - start)
        return min(times)

    seconds(*pixels)
    # The limit is that of a whole picture of 512 px with three defects, warm.
    assert seconds(*pixels) < 0.15
    assert seconds(*large) < 0.6
