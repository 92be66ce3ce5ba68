"""Compute quality figures that need calibration, policies or settings besides the records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.detection.checkpoints import read_calibration, read_card
from core.detection.product_files import read_policy
from core.domain import Disposition, Product
from core.domain.plant_time import UTC_DAYS, PlantTime
from core.records.products import list_products
from core.records.quality import type_counts
from core.records.running import StepTimes, passed_scores, step_times
from core.records.search import Filter
from core.services.station import Station
from core.statistics.drift import Drift, drift
from core.statistics.quality import CostPareto, cost_pareto


@dataclass(frozen=True)
class ScoreHistory:
    """Scores of a product's passed parts, and of the normals that calibrated its detector.

    Attributes:
        weeks: one for each week in which a part passed.
        normals: float64 (N,), scores of all held-out normals, ascending.
        t_low: threshold below which a part passes.
        newest: float64 (M,), scores of the parts that passed in the last week; may be empty.
    """

    weeks: tuple[Drift, ...]
    normals: np.ndarray
    t_low: float
    newest: np.ndarray


def score_history(
    station: Station, product: Product, filter: Filter, plant: PlantTime = UTC_DAYS
) -> ScoreHistory:
    """Compare each week's passed parts of a product with the normals of its active detector.

    The detector itself is not loaded.

    Raises:
        ProductError: if the product has no detector.
        CheckpointError: if its card, calibration or policy are damaged.
    """
    card = read_card(station.settings, product)
    calibration = read_calibration(station.settings, card)
    weeks = passed_scores(
        station.records,
        filter.model_copy(update={"product_key": product.key}),
        plant,
        version=card.detector.version,
        below=calibration.t_low,
    )
    return ScoreHistory(
        weeks=drift(calibration.normals.scores, calibration.t_low, weeks),
        normals=np.array(calibration.normals.scores),
        t_low=calibration.t_low,
        newest=weeks[-1].scores if weeks else np.array([]),
    )


def costs_by_type(station: Station, filter: Filter) -> CostPareto | None:
    """Sum costs by defect type, from each policy's disposition costs; None if none is set.

    Raises:
        CheckpointError: if a policy is damaged.
    """
    return cost_pareto(type_counts(station.records, filter), _disposition_costs(station))


def times_against_takt(station: Station, filter: Filter) -> StepTimes:
    """Measure the time of each step, and count the inspections that took longer than TAKT_S."""
    return step_times(station.records, filter, station.settings.takt_s)


def _disposition_costs(station: Station) -> dict[str, dict[Disposition, float]]:
    return {
        product.key: read_policy(station.settings, product).disposition_costs
        for product in list_products(station.records)
    }
