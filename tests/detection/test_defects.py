from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.detection.base import Prediction
from core.detection.calibration import NormalScores, calibrate
from core.detection.defects import find_defects
from core.domain import Defect, Severity
from core.domain.policy import Policy, SeverityRule

# Thresholds 1 and 2 on score and map.
CALIBRATION = calibrate(NormalScores(scores=(-1.0, -1.0, 1.0), peaks=(-1.0, -1.0, 1.0)))


def find(
    anomaly_map: np.ndarray, mm_per_px: float | None = None, policy: Policy | None = None
) -> tuple[Defect, ...]:
    judgement = CALIBRATION.judge(Prediction(anomaly_map, float(anomaly_map.max())))
    return find_defects(anomaly_map, judgement, policy, mm_per_px=mm_per_px)


def blank(height: int = 300, width: int = 300) -> np.ndarray:
    return np.full((height, width), 0.2, np.float32)


def test_a_rectangle_is_measured() -> None:
    anomaly_map = blank()
    anomaly_map[20:40, 30:130] = 1.5
    anomaly_map[25, 50] = 1.8

    (defect,) = find(anomaly_map, mm_per_px=0.5)

    assert defect.box.model_dump() == {"x": 30, "y": 20, "width": 100, "height": 20}
    assert defect.area_px == 2000
    assert defect.area_percent == pytest.approx(100 * 2000 / 90000)
    assert defect.area_mm2 == 500
    assert defect.centroid == pytest.approx((79.5, 29.5))
    assert defect.region == "top left"
    assert defect.elongation == pytest.approx(5)
    assert defect.orientation_deg == pytest.approx(0)
    assert defect.peak == pytest.approx(1.8)
    assert defect.mean == pytest.approx(1.5, abs=0.01)
    assert defect.severity is Severity.MAJOR


@pytest.mark.parametrize("angle", [0, 20, 45, 70, 90, 120, 160])
def test_direction_of_the_long_axis(angle: int) -> None:
    anomaly_map = blank()
    box = cv2.boxPoints(((150, 150), (120, 20), angle)).astype(np.int32)
    cv2.fillPoly(anomaly_map, [box], 1.5)

    (defect,) = find(anomaly_map)

    gap = abs(defect.orientation_deg - angle) % 180
    assert min(gap, 180 - gap) < 2
    assert defect.elongation == pytest.approx(6, rel=0.1)
    assert defect.region == "centre"


def test_only_regions_that_reach_the_threshold_count_and_they_reach_below_it() -> None:
    anomaly_map = blank()
    anomaly_map[50:70, 50:70] = 0.95
    anomaly_map[55:65, 55:65] = 1.2
    anomaly_map[200:240, 200:240] = 0.95

    (defect,) = find(anomaly_map)

    assert defect.area_px == 400


def test_order_names_and_minimum_area() -> None:
    anomaly_map = blank()
    anomaly_map[10:30, 10:30] = 1.1
    anomaly_map[260:290, 260:290] = 1.9
    anomaly_map[150:152, 150:152] = 1.5

    defects = find(anomaly_map)

    assert [(defect.id, defect.region) for defect in defects] == [
        ("D1", "bottom right"),
        ("D2", "top left"),
    ]


def test_a_map_that_reaches_the_threshold_always_has_a_defect() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        noise = rng.normal(size=(80, 90)).astype(np.float32)
        smooth = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.1, 6))
        anomaly_map = smooth / smooth.max() * np.float32(rng.uniform(0.5, 1.5))
        defects = find(anomaly_map)
        assert bool(defects) == (anomaly_map.max() >= 1)
        if defects:
            assert defects[0].peak == anomaly_map.max()


def test_a_score_without_a_place_takes_the_strongest_one() -> None:
    """Where scores and maps have scales of their own, the score alone may stop a part."""
    anomaly_map = blank()
    anomaly_map[50:60, 50:60] = 0.8

    judgement = CALIBRATION.judge(Prediction(anomaly_map, 1.7))
    (defect,) = find_defects(anomaly_map, judgement)

    assert defect.area_px == 100


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [
        (150, 10, "12 o'clock, rim"),
        (290, 150, "3 o'clock, rim"),
        (150, 240, "6 o'clock"),
        (150, 255, "6 o'clock, rim"),
        (20, 150, "9 o'clock, rim"),
        (150, 150, "centre"),
    ],
)
def test_places_by_the_clock(x: int, y: int, place: str) -> None:
    anomaly_map = blank()
    anomaly_map[y - 3 : y + 3, x - 3 : x + 3] = 1.5

    assert find(anomaly_map, policy=Policy(location="clock"))[0].region == place


def test_policy_sets_the_minimum_area() -> None:
    anomaly_map = blank()
    anomaly_map[10:30, 10:30] = 1.1
    anomaly_map[260:290, 260:290] = 1.9

    found = {
        least: len(find(anomaly_map, policy=Policy(min_area_px=least))) for least in (400, 401)
    }

    assert found == {400: 2, 401: 1}


def test_regions_that_touch_by_a_corner_are_one() -> None:
    anomaly_map = blank()
    anomaly_map[50:70, 50:70] = 1.2
    anomaly_map[70:90, 70:90] = 1.5

    (defect,) = find(anomaly_map)

    assert defect.area_px == 800


def test_no_scale_no_square_millimetres() -> None:
    anomaly_map = blank()
    anomaly_map[50:70, 50:70] = 1.2

    assert find(anomaly_map)[0].area_mm2 is None


@pytest.mark.parametrize(
    ("peak", "percent", "severity"),
    [
        (1.5, 0.1, Severity.CRITICAL),
        (0.5, 5.0, Severity.CRITICAL),
        (1.0, 0.1, Severity.MAJOR),
        (0.5, 1.0, Severity.MAJOR),
        (0.99, 0.99, Severity.MINOR),
    ],
)
def test_severity_rule(peak: float, percent: float, severity: Severity) -> None:
    assert SeverityRule().severity(peak, percent) is severity
