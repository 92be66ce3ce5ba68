"""Quality figures that need more than the records: the calibration, the policies, the settings."""

from __future__ import annotations

from core.detection.product_files import read_policy
from core.domain import Disposition, Product
from core.drift import Drift, drift
from core.quality import CostPareto, cost_pareto
from core.records.quality import type_counts
from core.records.running import StepTimes, passed_scores, step_times
from core.records.search import Filter
from core.workbench import Workbench


def score_drift(bench: Workbench, product: Product, filter: Filter) -> tuple[Drift, ...]:
    """Each week's passed parts of a product against the normals of its active detector.

    Raises:
        ProductError, CheckpointError: if the product has no detector that works.
    """
    taught = bench.taught(product)
    calibration = taught.calibration
    weeks = passed_scores(
        bench.records,
        filter.model_copy(update={"product_key": product.key}),
        version=taught.card.detector.version,
        below=calibration.t_low,
    )
    return drift(calibration.normals.scores, calibration.t_low, weeks)


def costs_by_type(bench: Workbench, filter: Filter) -> CostPareto | None:
    """Cost by defect type, by the policies' costs of a disposition; None when none is set.

    Raises:
        CheckpointError: if a policy is damaged.
    """
    return cost_pareto(type_counts(bench.records, filter), _disposition_costs(bench))


def times_against_takt(bench: Workbench, filter: Filter) -> StepTimes:
    """Time of each step, and how many inspections took longer than TAKT_S."""
    return step_times(bench.records, filter, bench.settings.takt_s)


def _disposition_costs(bench: Workbench) -> dict[str, dict[Disposition, float]]:
    return {
        product.key: read_policy(bench.settings, product).disposition_costs
        for product in bench.records.products()
    }
