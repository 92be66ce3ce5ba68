"""The review queue: decided part by part, audits judged blind, a false alarm learned."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

import core.tasks.shared_station
from core.detection.checkpoints import active_version
from core.domain import Context, Disposition, Inspection, InspectionRequest, Product, Verdict
from core.domain.errors import RecordsError
from core.imaging.picture_files import PictureFile, demo_normals, demo_unseen_normals
from core.infrastructure.settings import Settings
from core.records.dispositions import add_disposition
from core.records.inspections import load_inspection
from core.records.queue import waiting
from core.services.inspection import inspect
from core.services.inspection_images import report_pdf
from core.services.products import history
from core.services.station import Station
from core.services.teaching import teach
from core.tasks.shared_station import open_station
from core.tasks.version_comparison import CompareVersions
from tests.pages.app import PAGES, field, page, parameter, words
from tests.pages.app import press as press_label
from tests.services.jobs.waiting import ended


@pytest.fixture
def desk(
    demo_station: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[Station]:
    """A station whose queue is empty, where every passed part is audited."""
    settings = Settings(
        data_dir=tmp_path / "data",
        ad_checkpoint_dir=demo_station.settings.ad_checkpoint_dir,
        model_cache=demo_station.settings.model_cache,
        audit_share=1,
        rag_enabled=False,
        domain_rag_enabled=False,
    )
    with open_station(settings) as station:
        monkeypatch.setattr(core.tasks.shared_station, "_shared", station)
        yield station


@pytest.fixture
def failed(desk: Station, demo_product: Product, defective_cells: list[PictureFile]) -> Inspection:
    return inspect(desk, InspectionRequest(product=demo_product), defective_cells[0])


@pytest.fixture
def passed(desk: Station, demo_product: Product, failed: Inspection) -> Inspection:
    """A passed part, drawn for the audit, that came after the failed one."""
    inspection = inspect(desk, InspectionRequest(product=demo_product), demo_unseen_normals()[0])
    assert inspection.judgement.verdict is Verdict.PASS
    return inspection


def press(app: AppTest, key: str) -> None:
    button(app, key).click().run()


def button(app: AppTest, key: str) -> Button:
    return next(each for each in app.button if str(each.key).split("-")[0] == key)


def submit(app: AppTest, label: str, reason: str) -> None:
    """Give name and reason, and press the button of that label."""
    field(app, "Your name").set_value("Ana")
    field(app, "Reason").set_value(reason)
    next(each for each in app.button if each.label == label).click().run()
    assert not app.exception


def named(app: AppTest) -> AppTest:
    return app.text_input(key="review-person").set_value("Ana").run()


@pytest.mark.usefixtures("desk")
def test_an_empty_queue_says_what_comes_into_it() -> None:
    app = page("review")

    assert not app.exception
    assert "Nothing is waiting for a decision" in words(app)
    assert "100.0 % of the passed parts" in words(app)


def test_the_oldest_comes_first_and_the_decision_leads_on(
    desk: Station, failed: Inspection, passed: Inspection
) -> None:
    app = named(page("review"))
    assert parameter(app, "inspection") == failed.id
    assert "FAIL" in words(app)

    press(app, "reject")

    decided = load_inspection(desk.records, failed.id)
    assert [entry.disposition for entry in decided.dispositions] == [Disposition.SCRAP]
    assert decided.dispositions[0].reason == "Defect confirmed by eye"
    assert decided.judgement.verdict is Verdict.FAIL
    assert parameter(app, "inspection") == passed.id


def test_an_audit_is_blind_until_it_is_decided(desk: Station, passed: Inspection) -> None:
    app = named(page("review", inspection=passed.id))

    assert "The machine's findings are hidden" in words(app)
    assert "PASS" not in words(app)
    assert not app.dataframe
    press(app, "reject")

    assert "the machine said :green[:material/check_circle: **PASS**]" in words(app)
    assert "An escape" in words(app)
    assert load_inspection(desk.records, passed.id).judgement.verdict is Verdict.PASS


def test_no_way_from_an_audit_leads_to_its_finding(desk: Station, passed: Inspection) -> None:
    review = page("review", inspection=passed.id)
    opened = page("inspect", inspection=passed.id)
    compared = page("compare", inspection=passed.id)
    listed = page("history")

    assert "Open in Inspect" not in {element.label for element in review.button}
    good = review.selectbox(key="good-1")
    assert list(good.options) == ["accepted"], "void would say that the part was stopped"
    for app in (review, opened):
        assert "PASS" not in words(app)
        assert f"{passed.judgement.score:.3f}" not in words(app)
        assert not app.dataframe
        assert not app.tabs
    assert "is hidden until a person has decided" in words(opened)
    press_label(compared, "Compare")
    assert "drawn for an audit" in words(compared)
    row = listed.dataframe[0].value.set_index("picture").loc[passed.image.filename]
    assert row["verdict"] == "hidden (audit)"
    assert (row["type"], row[["score", "defects"]].isna().all()) == ("", True)
    with pytest.raises(RecordsError, match="drawn for an audit"):
        report_pdf(desk, load_inspection(desk.records, passed.id))


def test_who_insists_sees_the_finding_and_judges_no_longer_blind(
    desk: Station, passed: Inspection
) -> None:
    app = named(page("review", inspection=passed.id))
    next(each for each in app.text_input if each.label == "Reason").set_value("Customer waits")

    press_label(app, "Show the finding first")

    assert "PASS" in words(app)
    press(app, "accept")
    assert not load_inspection(desk.records, passed.id).dispositions[0].is_blind


def test_a_blind_decision_is_one_of_which_the_finding_was_not_seen(
    desk: Station, failed: Inspection, passed: Inspection
) -> None:
    app = named(page("review", inspection=failed.id, blind="true"))
    press(app, "reject")
    assert load_inspection(desk.records, failed.id).dispositions[0].is_blind

    app = named(page("review", inspection=passed.id))
    press(app, "accept")
    assert load_inspection(desk.records, passed.id).dispositions[0].is_blind


def test_hiding_what_was_seen_makes_no_blind_decision(desk: Station, failed: Inspection) -> None:
    app = named(page("review", inspection=failed.id))
    app.toggle(key="blind").set_value(True).run()
    assert "FAIL" not in words(app)

    press(app, "reject")

    assert not load_inspection(desk.records, failed.id).dispositions[0].is_blind


def test_judging_blind_hides_every_finding(failed: Inspection) -> None:
    app = page("review", inspection=failed.id, blind="true")

    assert not app.exception
    assert "FAIL" not in words(app)
    assert not app.dataframe


def test_a_decision_needs_a_name(desk: Station, failed: Inspection) -> None:
    app = page("review")

    press(app, "hold")

    assert app.error[0].value == "Name the person who decides."
    assert load_inspection(desk.records, failed.id).dispositions == ()


def test_next_and_previous_change_nothing(
    desk: Station, failed: Inspection, passed: Inspection
) -> None:
    app = page("review")

    press(app, "next")
    assert parameter(app, "inspection") == passed.id
    press(app, "previous")
    assert parameter(app, "inspection") == failed.id
    assert waiting(desk.records).total == 2


def test_a_lot_has_a_queue_of_its_own(
    desk: Station,
    demo_product: Product,
    failed: Inspection,
    defective_cells: list[PictureFile],
) -> None:
    other = inspect(
        desk,
        InspectionRequest(product=demo_product, context=Context(lot="L-2")),
        defective_cells[1],
    )
    app = page("review")
    assert parameter(app, "inspection") == failed.id

    # The part that was open is not in the lot: the lot's first one opens instead.
    app.text_input(key="lot").set_value("L-2").run()

    assert not app.exception
    assert parameter(app, "inspection") == other.id
    assert button(app, "next").disabled
    assert "All 1" in app.segmented_control[0].options
    assert parameter(app, "lot") == "L-2"

    linked = page("review", lot="L-2")

    assert linked.text_input(key="lot").value == "L-2"
    assert parameter(linked, "inspection") == other.id


@pytest.mark.usefixtures("failed")
def test_who_inspects_decides_unless_another_name_is_given() -> None:
    app = AppTest.from_file(str(PAGES / "review.py"), default_timeout=60)
    app.session_state["context-inspector"] = "Ana"
    app.run()

    other = app.button(key="review-other")
    assert other.label == "Ana"
    other.click().run()
    app.text_input(key="review-person").set_value("Bo").run()
    assert app.button(key="review-other").label == "Bo"


def test_somebody_else_was_quicker(desk: Station, failed: Inspection) -> None:
    app = named(page("review"))
    add_disposition(desk.records, failed.id, Disposition.REWORK, "Solder again", "Bo")

    press(app, "accept")

    assert "Bo has decided: rework. Solder again" in words(app)
    assert button(app, "accept").disabled
    assert len(load_inspection(desk.records, failed.id).dispositions) == 1


def test_a_false_alarm_is_looked_at_tried_let_judge_and_taken_back(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = Product.from_key("Test/cells")
    teach(station, product, demo_normals()[:12])
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    board = PictureFile.of("board.png", cv2.imencode(".png", noise)[1].tobytes())
    alarm = inspect(station, InspectionRequest(product=product), board)
    assert alarm.judgement.verdict is not Verdict.PASS
    monkeypatch.setattr(core.tasks.shared_station, "_shared", station)
    app = named(page("review"))

    press(app, "accept")
    press(app, "learn")

    assert (
        load_inspection(station.records, alarm.id).dispositions[0].disposition is Disposition.VOID
    )
    assert station.jobs.recent() == (), "nothing is learned before the picture was looked at"
    assert app.get("image")
    assert "looks unlike everything" in words(app)
    assert app.button(key="lesson-try").disabled
    app.text_input(key=f"lesson-reason-{alarm.id}").set_value("a bus bar").run()
    app.button(key="lesson-try").click().run()
    (job,) = station.jobs.recent()
    made = ended(station, job.id)
    assert (made.error, job.who) == ("", "Ana")
    first, version = active_version(station.settings, product), made.result["version"]
    assert first.version != version
    comparison = station.jobs.latest(CompareVersions, "version", version)
    assert comparison is not None
    assert ended(station, comparison.id).error == ""
    app.run()
    assert "No defect of this product is known" in words(app)
    submit(app, "Let this version judge", "its bus bar is usual")
    learned = station.taught(product).card.images
    assert learned[-1].sha256 == alarm.image.sha256
    assert app.button(key="learn").disabled
    submit(app, "Roll back to this version", "cracks passed")
    assert active_version(station.settings, product) == first
    assert [each.reason for each in history(station, product)][:2] == [
        "cracks passed",
        "its bus bar is usual",
    ]


def test_a_picture_of_another_product_leaves_the_queue_and_is_not_learned(
    desk: Station, failed: Inspection
) -> None:
    app = named(page("review"))

    press(app, "error")

    (decided,) = load_inspection(desk.records, failed.id).dispositions
    assert decided.disposition is Disposition.IN_ERROR
    assert decided.reason == "The picture shows another product"
    assert waiting(desk.records).total == 0
    assert app.button(key="learn").disabled
