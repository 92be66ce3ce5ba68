"""Detect whether the scores of parts have drifted since the detector was calibrated.

Scores of passed parts are compared with those of held-out normals that would also have passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from pydantic import AwareDatetime, Field

from core.domain import Frozen
from core.statistics.counts import ScoreWeek
from core.statistics.intervals import CONFIDENCE

PSI_BINS = 10
MIN_SCORES = 20
# A convention of credit scoring (Siddiqi, Credit Risk Scorecards, 2006).
LARGE_PSI = 0.25


class DriftState(StrEnum):
    """Whether a week has drifted."""

    UNKNOWN = "too few parts or normals"
    NONE = "index within its limit"
    POSSIBLE = "index beyond its limit, but the distance may be chance"
    DRIFTED = "index beyond its limit, and the distance is no chance"


class Drift(Frozen):
    """One week compared with the calibration.

    With more parts, both tests find ever smaller differences. `ks` and `psi` give the size of the
    difference; `ks_p` and `psi_by_chance` tell whether chance could explain it.
    """

    start: AwareDatetime = Field(description="of Monday's day")
    parts: int
    normals: int = Field(description="number of held-out normals compared with")
    median: float = Field(description="of the week's scores")
    median_of_normals: float
    psi: float | None = Field(description="population stability index; None: too few")
    psi_by_chance: float | None = Field(description="reached by chance in 5 of 100 weeks")
    ks: float = Field(description="greatest distance of the two distributions, 0..1")
    ks_p: float = Field(description="chance of such a distance without drift")

    @property
    def psi_limit(self) -> float | None:
        """The index above which drift is large and not chance; None: too few parts or normals."""
        return None if self.psi_by_chance is None else max(LARGE_PSI, self.psi_by_chance)

    @property
    def state(self) -> DriftState:
        """What the two tests say together: a week beyond the limit is never one without drift."""
        if self.psi is None or self.psi_limit is None:
            return DriftState.UNKNOWN
        if self.psi <= self.psi_limit:
            return DriftState.NONE
        return DriftState.DRIFTED if self.ks_p < 1 - CONFIDENCE else DriftState.POSSIBLE

    @property
    def has_drifted(self) -> bool:
        """Whether the difference is neither small nor explained by chance."""
        return self.state is DriftState.DRIFTED


def drift(normals: Sequence[float], t_low: float, weeks: Sequence[ScoreWeek]) -> tuple[Drift, ...]:
    """Measure the drift of each week's scores.

    Kolmogorov-Smirnov two-sample test (Smirnov 1939); population stability index over tenths of the
    normals, whose spread by chance is that of a chi-squared variable with nine degrees of freedom
    times 1/n + 1/m (Yurdakul and Naranjo, Statistical properties of the population stability index,
    Journal of Risk Model Validation 14, 2020).

    Args:
        normals: scores of the held-out normals of the detector's version.
        t_low: threshold below which a part passes; normals at or above it are left out.
        weeks: result of `passed_scores` for the same version and threshold.

    Returns:
        One for each week; empty if no held-out normal passes.
    """
    from scipy.stats import ks_2samp

    reference = np.sort([score for score in normals if score < t_low])
    if not len(reference):
        return ()
    found = []
    for week in weeks:
        psi, by_chance = _stability(reference, week.scores)
        test = ks_2samp(reference, week.scores, method="asymp")
        found.append(
            Drift(
                start=week.start,
                parts=len(week.scores),
                normals=len(reference),
                median=float(np.median(week.scores)),
                median_of_normals=float(np.median(reference)),
                psi=psi,
                psi_by_chance=by_chance,
                ks=float(test.statistic),
                ks_p=float(test.pvalue),
            )
        )
    return tuple(found)


def _stability(
    reference: np.ndarray, scores: np.ndarray
) -> tuple[float, float] | tuple[None, None]:
    """Compute the population stability index and its limit by chance; None: too few scores."""
    from scipy.stats import chi2

    if min(len(reference), len(scores)) < MIN_SCORES:
        return None, None
    edges = np.quantile(reference, np.linspace(0, 1, PSI_BINS + 1)[1:-1])

    def shares(values: np.ndarray) -> np.ndarray:
        counts = np.bincount(np.searchsorted(edges, values, side="right"), minlength=PSI_BINS)
        # Add half a part to every bin: an empty one would make the index infinite.
        return (counts + 0.5) / (len(values) + 0.5 * PSI_BINS)

    before, now = shares(reference), shares(scores)
    psi = float(((now - before) * np.log(now / before)).sum())
    noise = 1 / len(reference) + 1 / len(scores)
    return psi, float(noise * chi2.ppf(CONFIDENCE, PSI_BINS - 1))
