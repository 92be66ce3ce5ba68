"""What an engineer changes of a taught product, on real cells."""

from __future__ import annotations

import pytest

from core.detection.checkpoints import Active, active_version, versions
from core.detection.product_files import product_folder, read_policy
from core.domain import Context, Disposition, InspectionRequest, Product
from core.domain.errors import CheckpointError, ProductError
from core.imaging.picture_files import PictureFile, demo_normals
from core.records.dispositions import add_disposition
from core.records.events import list_events
from core.services.inspection import inspect
from core.services.products import (
    activate_version,
    change_policy,
    history,
    previous_version,
    unlearned_false_alarms,
)
from core.services.relearning import add_normals
from core.services.station import Station
from core.services.teaching import teach

PRODUCT = Product(dataset="ELPV", category="mono")


@pytest.fixture
def taught(station: Station) -> Station:
    teach(station, PRODUCT, demo_normals()[:12], options={"bank_size": 200})
    return station


def test_a_change_of_policy_judges_and_is_on_record(taught: Station) -> None:
    before = taught.taught(PRODUCT).calibration

    changes = {"fail_margin": 2.0, "line.parts_per_day": 500}
    change_policy(taught, PRODUCT, changes, by=" Ana ", reason="too many stops")

    after = taught.taught(PRODUCT).calibration
    assert after.t_low == before.t_low
    assert after.t_high - after.t_low == pytest.approx(4 * (before.t_high - before.t_low))
    assert read_policy(taught.settings, PRODUCT).line.parts_per_day == 500
    event = list_events(taught.records, PRODUCT.key)[0]
    assert (event.kind, event.actor) == ("policy changed", "Ana")
    assert event.detail["before"]["fail_margin"] == 0.5
    assert event.detail["after"]["fail_margin"] == 2.0
    assert event.detail["reason"] == "too many stops"
    change, taught_first = history(taught, PRODUCT)
    assert change.what == ("fail_margin 0.5 → 2.0", "line.parts_per_day None → 500")
    assert (change.by, change.reason) == ("Ana", "too many stops")
    assert taught_first.kind == "product taught"
    assert "images 12" in taught_first.what


@pytest.mark.parametrize(
    ("changes", "by", "reason", "said"),
    [
        ({"fail_margin": 1}, "", "why", "needs a name and a reason"),
        ({"fail_margin": 1}, "Ana", " ", "needs a name and a reason"),
        ({"fail_margin": -1}, "Ana", "why", "fail_margin cannot be -1"),
        ({"line.parts_per_day": 0}, "Ana", "why", "line.parts_per_day cannot be 0"),
        ({"nonsense": 1}, "Ana", "why", "nonsense cannot be 1"),
    ],
)
def test_what_cannot_be_changes_nothing(
    taught: Station, changes: dict, by: str, reason: str, said: str
) -> None:
    before = read_policy(taught.settings, PRODUCT), list_events(taught.records, PRODUCT.key)

    with pytest.raises(ProductError, match=said):
        change_policy(taught, PRODUCT, changes, by=by, reason=reason)

    assert (
        read_policy(taught.settings, PRODUCT),
        list_events(taught.records, PRODUCT.key),
    ) == before


def test_an_older_version_judges_again(taught: Station) -> None:
    first = active_version(taught.settings, PRODUCT)
    second = add_normals(taught, PRODUCT, demo_normals()[12:14]).version
    activate_version(taught, PRODUCT, second, by="Bo", reason="fewer false alarms")

    activate_version(taught, PRODUCT, first, by="Ana", reason="more false alarms")

    assert taught.taught(PRODUCT).card.detector.version == first.version
    assert versions(taught.settings, PRODUCT) == (second, first)
    event = list_events(taught.records, PRODUCT.key)[0]
    assert (event.kind, event.actor) == ("version activated", "Ana")
    assert event.detail == {
        "before": second.model_dump(),
        "after": first.model_dump(),
        "reason": "more false alarms",
    }
    assert previous_version(taught, PRODUCT) == second
    with pytest.raises(ProductError, match="judges already"):
        activate_version(taught, PRODUCT, first, by="Ana", reason="again")


def test_a_damaged_version_does_not_become_the_active_one(taught: Station) -> None:
    first = active_version(taught.settings, PRODUCT)
    second = add_normals(taught, PRODUCT, demo_normals()[12:14]).version
    activate_version(taught, PRODUCT, second, by="Bo", reason="fewer false alarms")
    folder = product_folder(taught.settings, PRODUCT) / first.algorithm / first.version
    (folder / "bank.safetensors").write_bytes(b"torn")

    with pytest.raises(CheckpointError, match="missing or damaged"):
        activate_version(taught, PRODUCT, first, by="Ana", reason="back")
    missing = Active(algorithm="patchcore", version="20200101-000000-000000")
    with pytest.raises(CheckpointError, match="missing or damaged"):
        activate_version(taught, PRODUCT, missing, by="Ana", reason="back")

    assert active_version(taught.settings, PRODUCT) == second


def test_false_alarms_are_offered_until_they_are_learned(
    taught: Station, defective_cells: list[PictureFile]
) -> None:
    voided, scrapped = (
        inspect(taught, InspectionRequest(product=PRODUCT, context=Context(lot="L-1")), cell)
        for cell in defective_cells[:2]
    )
    add_disposition(taught.records, voided.id, Disposition.VOID, "dust", "Ana")
    add_disposition(taught.records, scrapped.id, Disposition.SCRAP, "crack", "Ana")

    (alarm,) = unlearned_false_alarms(taught, PRODUCT)
    assert (alarm.inspection_id, alarm.reason, alarm.lot) == (voided.id, "dust", "L-1")
    assert alarm.score == voided.judgement.score

    learned = add_normals(taught, PRODUCT, [defective_cells[0]], by="Ana", confirmed="dust")
    activate_version(taught, PRODUCT, learned.version, by="Ana", reason="dust")
    assert unlearned_false_alarms(taught, PRODUCT) == ()
