"""The figures that the evidence holds, by what they measure."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from enum import Enum

from core.domain import Defect, Evidence, Judgement


class Unit(Enum):
    """What a figure is given in."""

    PLAIN = "plain"
    PERCENT = "percent"
    PIXELS = "pixels"
    SIDE = "side of the box"
    POSITION = "position"
    MM = "mm"
    MM2 = "mm²"
    TIMES = "times"
    DEGREES = "degrees"


class Kind(Enum):
    """What a figure is said to be."""

    SCORE = "score"
    REVIEW = "review threshold"
    FAIL = "fail threshold"
    THRESHOLD = "threshold"
    PEAK = "peak"
    MEAN = "mean"
    SIMILARITY = "similarity"
    OF_NORMALS = "share of normal parts"
    OF_PICTURE = "share of the picture"
    CONFIDENCE = "confidence"


class Figures:
    """Measured figures of one evidence."""

    def __init__(self, evidence: Evidence) -> None:
        """Keep the evidence; figures are computed on first use."""
        self._evidence = evidence
        self._scale = evidence.product.mm_per_px
        self._known: dict[tuple[Unit, tuple[str, ...]], list[float]] = {}

    def holds(self, unit: Unit, defects: Sequence[Defect], low: float, high: float) -> bool:
        """Tell whether a figure in a unit, of the picture or these defects, lies in [low, high]."""
        key = unit, tuple(defect.id for defect in defects)
        if key not in self._known:
            self._known[key] = sorted(self._of_unit(unit, defects))
        known = self._known[key]
        at = bisect_left(known, low)
        return at < len(known) and known[at] <= high

    def _of_unit(self, unit: Unit, defects: Sequence[Defect]) -> list[float]:
        found = list(self._of_the_picture(unit))
        for defect in defects:
            found += self._of_a_defect(unit, defect)
        return found + self._of_some(unit, defects)

    def of_kind(self, kind: Kind, defects: Sequence[Defect]) -> list[float]:
        """List the values that a figure of this kind can have."""
        judgement = self._evidence.judgement
        review = [judgement.t_low, judgement.map_t_low]
        fail = [judgement.t_high, judgement.map_t_high]
        by_kind = {
            Kind.SCORE: [judgement.score],
            Kind.REVIEW: review,
            Kind.FAIL: fail,
            Kind.THRESHOLD: review + fail,
            Kind.PEAK: [defect.peak for defect in defects],
            Kind.MEAN: [defect.mean for defect in defects],
            Kind.SIMILARITY: list(self._similarities()),
            Kind.OF_NORMALS: list(self._of_normals()),
            Kind.OF_PICTURE: self._of_picture(defects),
            Kind.CONFIDENCE: [100 * judgement.false_alarm.confidence],
        }
        return by_kind[kind]

    def _similarities(self) -> Iterator[float]:
        evidence = self._evidence
        if evidence.likeness:
            yield evidence.likeness.nearest
        yield from (exemplar.similarity for exemplar in evidence.exemplars)
        yield from (snippet.similarity for snippet in evidence.snippets)
        for guess in evidence.defect_types:
            yield from (
                value
                for value in (guess.text_similarity, guess.example_similarity)
                if value is not None
            )

    def _of_normals(self) -> Iterator[float]:
        judgement, likeness = self._evidence.judgement, self._evidence.likeness
        yield from _shares_below(judgement)
        yield from (100 * judgement.false_alarm.guaranteed, 100 * judgement.false_alarm.requested)
        if likeness:
            yield from (100 * likeness.farther_than, 100 * (1 - likeness.farther_than))

    def _of_picture(self, defects: Sequence[Defect]) -> list[float]:
        shares = [defect.area_percent for defect in defects]
        return [*shares, sum(shares), sum(defect.area_percent for defect in self._evidence.defects)]

    def _of_the_picture(self, unit: Unit) -> Iterator[float]:
        evidence, judgement = self._evidence, self._evidence.judgement
        rate, likeness = judgement.false_alarm, evidence.likeness
        over = [judgement.score / line for line in (judgement.t_low, judgement.t_high) if line]
        shares = [rate.requested, rate.confidence, rate.guaranteed, *self._similarities()]
        shares += [g.probability for g in evidence.defect_types if g.probability is not None]
        shares += [likeness.farther_than, 1 - likeness.farther_than] if likeness else []
        if unit is Unit.PLAIN:
            yield from (judgement.score, judgement.t_low, judgement.t_high)
            yield from (judgement.map_t_low, judgement.map_t_high)
            yield from _shares_below(judgement)
            yield from (*shares, rate.held_out, len(evidence.defects), len(evidence.exemplars))
            yield from (len(evidence.snippets), *([likeness.normals] if likeness else []))
            yield from (abs(judgement.score - line) for line in (judgement.t_low, judgement.t_high))
            yield from over
        elif unit is Unit.PERCENT:
            yield from _shares_below(judgement)
            yield from (100 * share for share in shares)
            yield from (100 * ratio for ratio in over)
            yield from (abs(100 * (ratio - 1)) for ratio in over)
        elif unit is Unit.TIMES:
            yield from over

    def _of_a_defect(self, unit: Unit, defect: Defect) -> list[float]:
        box, lines = defect.box, self._map_lines()
        if unit is Unit.PIXELS:
            return [defect.area_px, box.width, box.height]
        if unit is Unit.SIDE:
            return [box.width, box.height]
        if unit is Unit.POSITION:
            return [box.x, box.y, box.x + box.width, box.y + box.height, *defect.centroid]
        if unit is Unit.PERCENT:
            over = [100 * defect.peak / line for line in lines]
            return [defect.area_percent, *over, *(abs(ratio - 100) for ratio in over)]
        if unit is Unit.MM2:
            return [] if defect.area_mm2 is None else [defect.area_mm2]
        if unit is Unit.MM:
            sides = (box.width, box.height, math.hypot(box.width, box.height))
            return (
                []
                if self._scale is None
                else [self._scale, *(self._scale * side for side in sides)]
            )
        if unit is Unit.TIMES:
            return [
                *(value / line for value in (defect.peak, defect.mean) for line in lines),
                defect.elongation,
            ]
        if unit is Unit.DEGREES:
            # A direction has no head: 170° from the horizontal is 10° the other way.
            return [defect.orientation_deg, 180 - defect.orientation_deg]
        return [defect.peak, defect.mean, defect.elongation, defect.area_px, box.width, box.height]

    def _of_some(self, unit: Unit, defects: Sequence[Defect]) -> list[float]:
        if unit is Unit.PERCENT:
            return [sum(defect.area_percent for defect in defects)]
        if unit is Unit.PIXELS:
            return [sum(defect.area_px for defect in defects)]
        if unit is Unit.MM2 and all(defect.area_mm2 is not None for defect in defects):
            return [sum(defect.area_mm2 or 0 for defect in defects)]
        return []

    def _map_lines(self) -> list[float]:
        judgement = self._evidence.judgement
        return [line for line in (judgement.map_t_low, judgement.map_t_high) if line]


def _shares_below(judgement: Judgement) -> tuple[float, ...]:
    """Compute the shares of normals below and above the score, exact and as screens round them."""
    told, exact = judgement.percent_below, judgement.percentile
    return (exact, 100 - exact, told, 100 - told)
