"""Compute all figures of a detector on one labelled set: verdicts, ranking and localisation."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import numpy as np
from pydantic import Field

from core.detection.base import OnProgress
from core.detection.registry import DEFAULT_DETECTOR
from core.domain import FalseAlarmRate, Frozen, Verdict
from core.domain.reading import UNSTATED, Reading
from core.evaluation.detection.costs import CostFigures, CostRule, cost_figures
from core.evaluation.detection.judging import Judged, judge_dataset
from core.evaluation.detection.localisation import LocalisationFigures, localisation_figures
from core.evaluation.detection.metrics import (
    PixelFigures,
    RankingFigures,
    pixel_figures,
    ranking_figures,
)
from core.evaluation.detection.samples import Dataset
from core.infrastructure.settings import Settings
from core.statistics.intervals import Rate, exact_rate


class VerdictFigures(Frozen):
    """Errors at the calibrated thresholds. A rate is None if there is no picture to count."""

    good: dict[str, int] = Field(description="verdicts of the good test pictures")
    defective: dict[str, int]
    false_alarms: Rate | None = Field(description="good pictures not passed: REVIEW or FAIL")
    overkills: Rate | None = Field(description="good pictures rejected: FAIL")
    review: Rate | None = Field(description="of all test pictures, those sent to review")
    escapes: Rate | None = Field(description="defective pictures passed")
    not_failed: Rate | None = Field(
        description="defective pictures passed or sent to review: escapes, if no one reviewed"
    )


class DetectionFigures(Frozen):
    """Figures of one detector on one labelled set."""

    dataset: str
    detector: str = Field(description="algorithm and backbone")
    train_normals: int
    held_out: int
    test_good: int
    test_defective: int
    truth_unknown: int = Field(description="defective pictures without a mask, or an empty one")
    t_low: float
    t_high: float
    map_t_low: float
    false_alarm: FalseAlarmRate
    ranking: RankingFigures | None = Field(description="None unless both kinds are tested")
    verdicts: VerdictFigures
    pixels: PixelFigures | None = Field(description="None when the set has no masks")
    localisation: LocalisationFigures | None = Field(description="as pixels")
    costs: CostFigures | None = Field(None, description="None unless asked for")
    seconds: dict[str, float] = Field(description="of teaching, predicting and measuring")
    left_out: tuple[str, ...] = Field((), description="what of the set is not in the figures, why")


def evaluate_detection(
    dataset: Dataset,
    settings: Settings,
    *,
    algorithm: str = DEFAULT_DETECTOR,
    options: dict[str, Any] | None = None,
    reading: Reading = UNSTATED,
    costs: CostRule | None = None,
    seed: int = 0,
    on_progress: OnProgress,
) -> tuple[DetectionFigures, Judged]:
    """Teach a fresh detector on a set's normals and measure it on its test pictures.

    Args:
        dataset: the labelled set.
        settings: name the weights; the records and checkpoints they name stay unchanged.
        algorithm: name of a registered detector.
        options: of the algorithm, by name; None: its defaults.
        reading: what a person states of the pictures' values; the rest is told by the pictures.
        costs: costs of errors, to find the cheapest pair of thresholds; None: do not.
        seed: of teaching, bootstrap and splits.
        on_progress: called with the step's name and the share of it that is done, 0..1.

    Returns:
        The figures, and the judged pictures that they were computed from.

    Raises:
        InspectionError: if the set cannot be used.
    """
    judged = judge_dataset(
        dataset,
        settings,
        algorithm=algorithm,
        options=options,
        reading=reading,
        seed=seed,
        on_progress=on_progress,
    )
    return measure(judged, costs=costs, seed=seed), judged


def measure(judged: Judged, *, costs: CostRule | None = None, seed: int = 0) -> DetectionFigures:
    """Compute all figures of a detector's judgements."""
    loading = time.perf_counter()
    import anomalib.metrics  # noqa: F401 - takes seconds the first time, so it is counted apart

    started = time.perf_counter()
    scores, labels = judged.scores, judged.labels
    card, calibration = judged.taught.card, judged.taught.calibration
    t_low, t_high = calibration.t_low, calibration.t_high
    return DetectionFigures(
        dataset=judged.dataset.name,
        detector=f"{card.detector.algorithm}, {card.detector.backbone}",
        train_normals=len(card.images),
        held_out=card.held_out,
        test_good=int((~labels).sum()),
        test_defective=int(labels.sum()),
        truth_unknown=sum(picture.overlap is None for picture in judged.pictures),
        t_low=t_low,
        t_high=t_high,
        map_t_low=calibration.map_t_low,
        false_alarm=calibration.false_alarm,
        ranking=ranking_figures(scores, labels, t_low, seed=seed),
        verdicts=_verdict_figures(judged),
        pixels=_pixel_figures(judged, seed),
        localisation=localisation_figures(
            picture.overlap for picture in judged.pictures if picture.overlap is not None
        ),
        costs=None
        if costs is None
        else cost_figures(scores, labels, costs, t_low=t_low, t_high=t_high, seed=seed),
        seconds={
            **judged.seconds,
            "load metrics": started - loading,
            "measure": time.perf_counter() - started,
        },
        left_out=judged.left_out,
    )


def _verdict_figures(judged: Judged) -> VerdictFigures:
    verdicts = {True: Counter[Verdict](), False: Counter[Verdict]()}
    for picture in judged.pictures:
        verdicts[picture.item.is_defective][picture.verdict] += 1
    good, defective = verdicts[False], verdicts[True]
    goods, defectives = good.total(), defective.total()
    reviewed = good[Verdict.REVIEW] + defective[Verdict.REVIEW]
    return VerdictFigures(
        good={verdict.value: good[verdict] for verdict in Verdict},
        defective={verdict.value: defective[verdict] for verdict in Verdict},
        false_alarms=exact_rate(goods - good[Verdict.PASS], goods),
        overkills=exact_rate(good[Verdict.FAIL], goods),
        review=exact_rate(reviewed, goods + defectives),
        escapes=exact_rate(defective[Verdict.PASS], defectives),
        not_failed=exact_rate(defectives - defective[Verdict.FAIL], defectives),
    )


def _pixel_figures(judged: Judged, seed: int) -> PixelFigures | None:
    compared = [(p.compared, p.item.is_defective) for p in judged.pictures if p.compared]
    if not any(is_defective for _, is_defective in compared):
        return None
    return pixel_figures(
        np.stack([pair.anomaly_map for pair, _ in compared]),
        np.stack([pair.mask for pair, _ in compared]),
        np.array([is_defective for _, is_defective in compared]),
        judged.taught.calibration.map_t_low,
        seed=seed,
    )
