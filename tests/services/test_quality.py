"""Figures that join records with calibration, policies and settings, on a really taught product."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from core.detection.product_files import save_policy
from core.domain import Disposition, InspectionRequest, Product, Verdict
from core.domain.policy import Policy
from core.imaging.picture_files import PictureFile, demo_normals
from core.records.dispositions import add_disposition
from core.records.inspections import load_inspection
from core.records.search import Filter, search
from core.services.inspection import inspect
from core.services.quality import costs_by_type, score_history, times_against_takt
from core.services.station import Station


def test_drift_holds_passed_parts_against_the_active_detectors_normals(
    demo_station: Station, demo_product: Product
) -> None:
    found = [
        inspect(demo_station, InspectionRequest(product=demo_product), cell)
        for cell in demo_normals()[:6]
    ]
    calibration = demo_station.taught(demo_product).calibration

    history = score_history(demo_station, demo_product, Filter())
    weeks = history.weeks

    of_all = [
        load_inspection(demo_station.records, s.id) for s in search(demo_station.records, limit=999)
    ]
    passed = [i.judgement.score for i in of_all if i.judgement.verdict is Verdict.PASS]
    normals = [score for score in calibration.normals.scores if score < calibration.t_low]
    assert any(inspection.judgement.verdict is Verdict.PASS for inspection in found)
    assert sum(week.parts for week in weeks) == len(passed)
    assert weeks[-1].normals == len(normals)
    assert history.normals.tolist() == list(calibration.normals.scores)
    assert len(history.newest) == weeks[-1].parts
    if len(weeks) == 1:
        assert weeks[0].ks == pytest.approx(ks_2samp(normals, passed).statistic)
        assert weeks[0].median == np.median(passed)


def test_cost_is_unknown_until_a_policy_says_it(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    bad = inspect(demo_station, InspectionRequest(product=demo_product), defective_cells[0])
    only = Filter(text=bad.id)
    add_disposition(demo_station.records, bad.id, Disposition.SCRAP, "Broken cell", "Ana")
    assert costs_by_type(demo_station, only) is None

    save_policy(
        demo_station.settings, demo_product, Policy(disposition_costs={Disposition.SCRAP: 4.5})
    )
    try:
        found = costs_by_type(demo_station, only)
    finally:
        save_policy(demo_station.settings, demo_product, Policy())

    assert found is not None
    assert [bar.amount for bar in found.bars] == [4.5]
    assert (found.unpriced, found.undecided) == (0, 0)


def test_takt_is_the_settings(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    inspection = inspect(demo_station, InspectionRequest(product=demo_product), defective_cells[0])
    only = Filter(text=inspection.id)

    found = times_against_takt(demo_station, only)

    assert found.over_takt is None
    assert [step.name for step in found.steps] == [
        step.name for step in inspection.steps if step.status != "off"
    ]
    assert found.median == pytest.approx(sum(step.seconds for step in inspection.steps))
