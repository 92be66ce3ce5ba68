from __future__ import annotations

import numpy as np
import pytest

from core.detection.defects import find_defects
from core.imaging.overlay import ColourScale, render_heatmap, render_legend, render_overlay
from tests.records import examples

SCALE = ColourScale(t_low=1.0, t_high=1.5)


def hill(height: int, width: int, peak: float) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    distance = ((y - height / 4) / height) ** 2 + ((x - width / 4) / width) ** 2
    return (peak * np.exp(-30 * distance)).astype(np.float32)


def test_equal_values_have_equal_colours_in_every_picture() -> None:
    weak, strong = hill(90, 90, 1.2), hill(90, 90, 2.9)
    weak[5, 5] = strong[5, 5] = 1.1

    colours = [render_heatmap(anomaly_map, SCALE)[5, 5].tolist() for anomaly_map in (weak, strong)]

    assert colours[0] == colours[1]
    assert render_heatmap(strong, SCALE).max() > render_heatmap(weak, SCALE).max()


def test_the_part_stays_as_it_is_where_the_map_is_low() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (800, 900, 3), np.uint8)
    anomaly_map = hill(800, 900, 2.0)

    rendered = render_overlay(pixels, anomaly_map, SCALE, (), opacity=1, show_contour=False)

    np.testing.assert_array_equal(rendered[-50:, -50:], pixels[-50:, -50:])
    np.testing.assert_array_equal(rendered[200, 225], render_heatmap(anomaly_map, SCALE)[200, 225])
    assert np.array_equal(
        render_overlay(pixels, anomaly_map, SCALE, (), opacity=0, show_contour=False), pixels
    )


def test_heat_begins_below_the_review_threshold_and_not_far_below() -> None:
    pixels = np.full((720, 720, 3), 90, np.uint8)
    below, above = (np.full((720, 720), share * SCALE.t_low, np.float32) for share in (0.7, 0.9))

    clear, warm = (
        render_overlay(pixels, anomaly_map, SCALE, (), opacity=1, show_contour=False)
        for anomaly_map in (below, above)
    )

    assert np.array_equal(clear, pixels)
    assert (warm != pixels).any(axis=-1).all()


@pytest.mark.parametrize("size", [(64, 48), (300, 300), (1500, 2000)])
def test_names_and_contour_are_drawn_at_every_size(size: tuple[int, int]) -> None:
    pixels = np.full((*size, 3), 128, np.uint8)
    anomaly_map = hill(*size, 2.0)
    defects = find_defects(anomaly_map, examples.judgement())

    plain = render_overlay(
        pixels, anomaly_map, SCALE, defects, opacity=0, show_contour=False, show_numbers=False
    )
    named = render_overlay(pixels, anomaly_map, SCALE, defects, opacity=0, show_contour=False)
    outlined = render_overlay(pixels, anomaly_map, SCALE, defects, opacity=0, show_numbers=False)

    assert max(plain.shape) >= 720
    assert (plain == 128).all()
    assert (named != plain).any()
    assert (outlined != plain).any()


def test_legends_fit_light_and_dark_pages() -> None:
    labels = ("review 0.2", "fail 0.4", "0.6")
    light, dark = render_legend(SCALE, labels), render_legend(SCALE, labels, dark=True)

    assert light.shape == dark.shape == (144, 1280, 3)
    assert light[-1, 0].tolist() == [255, 255, 255]
    assert dark[-1, 0].max() < 40
    assert (render_legend(SCALE, ("0,2", "0,4", "0,6")) != light).any()
