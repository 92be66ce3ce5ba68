from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.domain import Box, Defect, Severity
from core.imaging.appearance import Look, measure_look
from core.retrieval.knowledge.queries import describe_defect


def defect(x: int, y: int, width: int, height: int, area_percent: float = 1.0) -> Defect:
    """A rectangular region of the map, as the detector would find it around a mark."""
    right, bottom = x + width - 1, y + height - 1
    return Defect(
        id="D1",
        box=Box(x=x, y=y, width=width, height=height),
        contour=((x, y), (right, y), (right, bottom), (x, bottom)),
        centroid=(x + width / 2, y + height / 2),
        region="centre",
        area_px=width * height,
        area_percent=area_percent,
        area_mm2=None,
        elongation=max(width, height) / min(width, height),
        orientation_deg=0,
        peak=2,
        mean=1,
        severity=Severity.MAJOR,
    )


def noisy(level: int = 128) -> np.ndarray:
    noise = np.random.default_rng(0).normal(level, 4, (200, 200, 1))
    return np.repeat(noise.clip(0, 255), 3, axis=2).astype(np.uint8)


def spot(value: tuple[int, int, int], *, blur: float = 0) -> np.ndarray:
    picture = noisy()
    marked = cv2.circle(picture.copy(), (100, 100), 14, value, cv2.FILLED)
    return cv2.GaussianBlur(marked, (0, 0), blur) if blur else marked


AROUND = defect(80, 80, 40, 40)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ((40, 40, 40), "medium-sized dark spot with a sharp edge at the centre"),
        ((230, 230, 230), "medium-sized bright spot with a sharp edge at the centre"),
        ((128, 128, 128), "medium-sized spot at the centre"),
    ],
)
def test_tone_and_edge_are_said_as_measured(value: tuple[int, int, int], words: str) -> None:
    assert describe_defect(AROUND, measure_look(spot(value), AROUND)) == words


def test_colour_is_told_from_brightness() -> None:
    red = measure_look(spot((200, 90, 90)), AROUND)
    grey = measure_look(spot((90, 90, 90)), AROUND)

    assert red.colour > 20
    assert grey.colour < 2
    assert "discoloured" in describe_defect(AROUND, red)


def test_a_blurred_mark_has_a_diffuse_edge() -> None:
    sharp, soft = (measure_look(spot((40, 40, 40), blur=blur), AROUND) for blur in (0, 7))

    assert sharp.edge_px is not None
    assert soft.edge_px is not None
    assert sharp.edge_px < 3 < 8 < soft.edge_px
    assert "soft diffuse edge" in describe_defect(AROUND, soft)


def test_a_thin_mark_in_a_round_region_is_a_line() -> None:
    picture = cv2.line(noisy(), (84, 84), (116, 116), (30, 30, 30), 2)

    look = measure_look(picture, AROUND)

    assert look.mark_elongation is not None
    assert look.mark_elongation > 5
    assert describe_defect(AROUND, look).startswith("medium-sized dark line")


def test_nothing_is_said_of_a_region_like_its_surroundings() -> None:
    look = measure_look(noisy(), AROUND)

    assert (look.edge_px, look.mark_elongation) == (None, None)
    assert max(look.darker, look.brighter, look.colour) < 3


def test_a_region_that_fills_the_picture_has_no_surroundings() -> None:
    whole = defect(0, 0, 200, 200, area_percent=100)

    assert measure_look(noisy(), whole) == Look(0, 0, 0, None, None)


def test_the_size_of_the_picture_changes_the_measures_little() -> None:
    small = spot((40, 40, 40))
    large = cv2.resize(small, (1600, 1600), interpolation=cv2.INTER_NEAREST)
    look, enlarged = measure_look(small, AROUND), measure_look(large, defect(640, 640, 320, 320))

    assert enlarged.darker == pytest.approx(look.darker, abs=3)


def test_without_pixels_only_shape_size_and_place_are_said() -> None:
    assert describe_defect(defect(0, 0, 90, 10)) == "medium-sized line at the centre"
    assert describe_defect(defect(0, 0, 90, 80, area_percent=18)) == "large area at the centre"
    assert describe_defect(defect(0, 0, 9, 9, area_percent=0.2)) == "small spot at the centre"
