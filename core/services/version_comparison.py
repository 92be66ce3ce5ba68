"""What would change if another version judged: known defects, held-out normals and the last lot."""

from __future__ import annotations

from pydantic import Field

from core.detection.base import OnProgress
from core.detection.checkpoints import Active, Taught, active_version, load_version
from core.domain import FalseAlarmRate, Frozen, JobStep, Product, Verdict
from core.domain.errors import ProductError
from core.records.decided import known_defects
from core.records.search import Filter, search
from core.services.known_defects import score_unscored
from core.services.lot_comparison import LotComparison, compare_parts
from core.services.station import Station

# Of the last lot, judged by both: enough to see a change, and over in seconds.
MOST_PARTS = 100


class VersionFigures(Frozen):
    """What is known of one version, by the product's present policy."""

    version: Active
    pictures: int = Field(description="that it was taught and calibrated with")
    normals: int = Field(description="whose scores set its thresholds")
    stopped: int = Field(description="of these normals, by these thresholds")
    false_alarm: FalseAlarmRate
    t_low: float = Field(description="PASS below; versions have scales of their own")
    t_high: float = Field(description="FAIL at or above")
    found: int = Field(description="known defects that it stops (FAIL, REVIEW)")


class VersionComparison(Frozen):
    """The version that judges, and one that would."""

    product_key: str
    judging: VersionFigures
    candidate: VersionFigures
    known: int = Field(description="known defects that both have scored")
    skipped: tuple[str, ...] = Field(description="known defects without a score, a sentence each")
    lot: str = Field(description="the last one, its newest parts; empty: parts without a lot")
    parts: LotComparison | None = Field(description="None: nothing was inspected yet")

    @property
    def changed(self) -> tuple[tuple[Verdict, Verdict, int], ...]:
        """List the changes of verdicts on the lot, the most frequent first: from, to, how many."""
        counts = {} if self.parts is None else self.parts.counts()
        found = [(one, other, n) for (one, other), n in counts.items() if n and one is not other]
        return tuple(sorted(found, key=lambda change: -change[2]))


def compare_versions(
    station: Station,
    product: Product,
    candidate: Active,
    *,
    on_progress: OnProgress = lambda step, share: None,
) -> VersionComparison:
    """Compare a version with the one that judges; nothing changes but the scores of known defects.

    Args:
        station: records and pictures.
        product: that was taught.
        candidate: a version of it that does not judge, whether newer or older.
        on_progress: called with the step's name and the share of it that is done, 0..1.

    Raises:
        ProductError: if the product has no detector, or the version judges already.
        CheckpointError, WeightsError, DetectorError: if a version cannot be loaded or cannot judge.
    """
    if candidate == active_version(station.settings, product):
        raise ProductError(f"Version {candidate.version} of {product.key} judges already.")
    judging = station.taught(product)
    other = load_version(station.settings, product, candidate)
    skipped: tuple[str, ...] = ()
    for taught in (judging, other):
        skipped = score_unscored(station, taught, on_progress)[1]
    old, new = _scores(station, judging), _scores(station, other)
    known = old.keys() & new.keys()
    lot, inspections = _last_lot(station, product)
    parts = compare_parts(
        station,
        inspections,
        (judging, other),
        on_part=lambda done, total: on_progress(JobStep.JUDGE_BY_BOTH, done / total),
    )
    on_progress(JobStep.DONE, 1)
    return VersionComparison(
        product_key=product.key,
        judging=_figures(judging, [old[each] for each in known]),
        candidate=_figures(other, [new[each] for each in known]),
        known=len(known),
        skipped=skipped,
        lot=lot,
        parts=parts if inspections else None,
    )


def _scores(station: Station, taught: Taught) -> dict[str, float]:
    """Read a version's scores of the known defects, by the picture."""
    version = taught.card.detector.version
    found = known_defects(station.records, taught.card.product.key, version)
    return {each.image_sha256: each.score for each in found if each.score is not None}


def _figures(taught: Taught, defects: list[float]) -> VersionFigures:
    calibration = taught.calibration
    scores = calibration.normals.scores
    return VersionFigures(
        version=taught.card.version,
        pictures=len(taught.card.images),
        normals=len(scores),
        stopped=sum(score >= calibration.t_low for score in scores),
        false_alarm=calibration.false_alarm,
        t_low=calibration.t_low,
        t_high=calibration.t_high,
        found=sum(score >= calibration.t_low for score in defects),
    )


def _last_lot(station: Station, product: Product) -> tuple[str, tuple[str, ...]]:
    """Find the lot that was inspected last and the ids of its newest inspections."""
    newest = search(station.records, Filter(product_key=product.key), limit=1)
    if not newest:
        return "", ()
    of_lot = Filter(product_key=product.key, lot=newest[0].lot)
    return newest[0].lot, tuple(
        summary.id for summary in search(station.records, of_lot, limit=MOST_PARTS)
    )
