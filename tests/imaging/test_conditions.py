"""How pictures were taken: what is unlike those taught is found, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.domain.conditions import TaughtConditions, Unlikeness
from core.domain.errors import ImageError
from core.imaging.conditions import least_light_of, measure, refuse_blank
from core.imaging.unlike import extended, taught_conditions, unlike

Change = Callable[[np.ndarray], np.ndarray]
RNG = np.random.default_rng


def bracket(seed: int, *, turned: bool = False) -> np.ndarray:
    """An L-shaped part on a reddish ground: light, place and grain vary a little."""
    rng = RNG(seed)
    pixels = np.empty((200, 240, 3), np.float32)
    pixels[:] = (150, 110, 90)
    x, y = rng.integers(-4, 5, 2)
    cv2.rectangle(pixels, (60 + x, 40 + y), (90 + x, 160 + y), (60, 60, 70), -1)
    cv2.rectangle(pixels, (60 + x, 130 + y), (180 + x, 160 + y), (60, 60, 70), -1)
    if turned:
        pixels = np.rot90(pixels, 2 * int(rng.integers(0, 2))).copy()
    pixels = pixels * rng.normal(1, 0.02) + rng.normal(0, 3, pixels.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def found(taught: TaughtConditions, pixels: np.ndarray, *, same_size: bool = True) -> list[str]:
    return [one.kind.value for one in unlike(taught, measure(pixels), of_taught_size=same_size)]


def noisy(pixels: np.ndarray) -> np.ndarray:
    return np.clip(pixels + RNG(0).normal(0, 25, pixels.shape), 0, 255).astype(np.uint8)


TAUGHT = taught_conditions([measure(bracket(seed)) for seed in range(30)])
CHANGES: dict[Unlikeness, Change] = {
    Unlikeness.DARKER: lambda pixels: (pixels * 0.6).astype(np.uint8),
    Unlikeness.BRIGHTER: lambda pixels: np.clip(pixels * 1.4, 0, 255).astype(np.uint8),
    Unlikeness.LESS_CONTRAST: lambda pixels: (
        (pixels.astype(np.float32) - pixels.mean()) * 0.5 + pixels.mean()
    ).astype(np.uint8),
    Unlikeness.COLOURS_SWAPPED: lambda pixels: np.ascontiguousarray(pixels[:, :, ::-1]),
    Unlikeness.BLUER: lambda pixels: np.clip(pixels * (1.0, 1.1, 1.2), 0, 255).astype(np.uint8),
    Unlikeness.BLURRED: lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 2),
    Unlikeness.SHARPER: noisy,
    Unlikeness.TURNED: lambda pixels: np.ascontiguousarray(pixels[::-1, ::-1]),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_is_unlike_is_found(kind: Unlikeness) -> None:
    for seed in (100, 101, 102):
        names = found(TAUGHT, CHANGES[kind](bracket(seed)))
        assert kind.value in names, names
        if kind not in {Unlikeness.LESS_CONTRAST, Unlikeness.BLUER}:
            assert len(names) == 1


def test_swapped_colours_are_told_with_what_was_measured() -> None:
    (swapped,) = unlike(TAUGHT, measure(bracket(100)[:, :, ::-1]), of_taught_size=True)

    assert swapped.measured < 0 < swapped.low <= swapped.high
    assert "BGR for RGB" in swapped.sentence()


def test_good_pictures_are_like_those_taught_however_few_they_are() -> None:
    for few in (5, 10, 30):
        taught = taught_conditions([measure(bracket(seed)) for seed in range(few)])
        names = [name for seed in range(100, 160) for name in found(taught, bracket(seed))]
        assert len(names) <= 60 * 0.05, (few, names)


def test_parts_that_lie_in_any_direction_are_never_turned() -> None:
    taught = taught_conditions([measure(bracket(seed, turned=True)) for seed in range(30)])

    for seed in (100, 101, 102, 103):
        assert found(taught, bracket(seed)) == []
        assert found(taught, bracket(seed)[::-1, ::-1]) == []


def test_detail_is_not_compared_between_sizes() -> None:
    small = cv2.resize(bracket(100), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)

    assert found(TAUGHT, small, same_size=False) == []


def test_added_pictures_widen_what_is_like_those_taught() -> None:
    dark = [CHANGES[Unlikeness.DARKER](bracket(seed)) for seed in (50, 51)]
    more = extended(TAUGHT, [measure(pixels) for pixels in dark])

    assert more.pictures == 32
    assert found(TAUGHT, dark[0]) == ["darker"]
    assert found(more, CHANGES[Unlikeness.DARKER](bracket(100))) == []
    assert found(more, bracket(100)) == []
    assert TaughtConditions.model_validate_json(more.model_dump_json()) == more


@pytest.mark.parametrize("side", [40, 160, 900])
def test_noise_on_nothing_is_no_picture(side: int) -> None:
    for level, sigma in ((2, 2), (8, 5), (128, 3), (250, 4)):
        frame = np.clip(RNG(0).normal(level, sigma, (side, side, 3)), 0, 255).astype(np.uint8)
        with pytest.raises(ImageError, match=r"frame\.png is nearly (dark|the same all over)"):
            refuse_blank(measure(frame), "frame.png")


def test_a_picture_at_a_tenth_of_the_light_is_nearly_dark() -> None:
    dark = measure((bracket(100) * 0.1).astype(np.uint8))

    refuse_blank(measure(bracket(100)), "part.png", least_light_of(TAUGHT))
    with pytest.raises(ImageError, match="nearly dark"):
        refuse_blank(dark, "part.png", least_light_of(TAUGHT))


@pytest.mark.parametrize("name", ["cookie", "wood_gear"])
def test_real_parts(real_data: Callable[[str], Path], name: str) -> None:
    def read(folder: str) -> list[np.ndarray]:
        paths = sorted((real_data(name) / folder).iterdir())
        pictures = [cv2.imread(str(path)) for path in paths]
        return [picture[:, :, ::-1] for picture in pictures if picture is not None]

    taught = taught_conditions([measure(pixels) for pixels in read("train/good")])
    good = read("test/good")

    assert sum(bool(found(taught, pixels)) for pixels in good) <= 1
    swapped = [found(taught, pixels[:, :, ::-1]) for pixels in good]
    assert all("colours swapped" in names for names in swapped)
