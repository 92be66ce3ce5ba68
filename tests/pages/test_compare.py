"""The Compare page as a script."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

import core.tasks.shared_station
from core.detection.checkpoints import activate
from core.domain import Context, Disposition, EvidenceChoice, InspectionRequest, Product
from core.imaging.picture_files import (
    DEMO_PRODUCT_KEY,
    PictureFile,
    demo_examples,
    demo_normals,
    demo_unseen_normals,
)
from core.records.dispositions import add_disposition
from core.records.inspections import load_inspection
from core.records.side_by_side import save_side_by_side
from core.reporting.catalogue import find_model
from core.services.inspection import inspect
from core.services.relearning import add_normals
from core.services.side_by_side import put_side_by_side
from core.services.station import Station
from core.services.teaching import teach
from core.tasks.lot_comparison import CompareLot
from tests.pages.app import page, words
from tests.services.jobs.waiting import ended

MARKUP = "<script>alert(1)</script> **stars** :red[colour]"


@pytest.fixture(autouse=True)
def demo(demo_station: Station, monkeypatch: pytest.MonkeyPatch) -> Station:
    """The console's own station is that of the demo station."""
    monkeypatch.setattr(core.tasks.shared_station, "_shared", demo_station)
    return demo_station


def texts_of_html(app: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def test_the_page_says_what_to_do_first() -> None:
    app = page("compare")

    assert not app.exception
    assert "Choose a picture, detectors and report writers" in words(app)


def test_an_inspections_report_is_compared_and_chosen(
    demo: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    recorded = inspect(demo, InspectionRequest(product=demo_product), defective_cells[0])
    app = page("compare", inspection=recorded.id)
    # One that cannot run here stands beside the composer: the page says why.
    app.multiselect(key="compare-writers").set_value(["offline", "claude"]).run()

    next(button for button in app.button if button.label == "Compare").click().run()

    assert not app.exception
    shown = words(app)
    assert "patchcore/offline" in shown
    assert f"· picture {recorded.image.filename} ·" in shown
    claude = find_model("claude").title
    assert f"2: patchcore/offline composer; {claude} failed" in shown
    assert app.selectbox[-1].options[1] == f"2: patchcore/offline composer; {claude} failed"
    (warning,) = app.warning
    assert "ANTHROPIC_API_KEY" in warning.value.replace("\\", ""), "why the composer wrote instead"
    assert load_inspection(demo.records, recorded.id).revisions == recorded.revisions


def test_markup_of_a_model_does_nothing(
    demo: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    held = put_side_by_side(
        demo, InspectionRequest(product=demo_product), defective_cells[0], writers=["offline"]
    )
    first = held.columns[0]
    report = first.report.model_copy(update={"summary": MARKUP})
    writing = first.writing.model_copy(update={"reason": MARKUP})
    marked = first.model_copy(update={"report": report, "writing": writing})
    comparison = held.model_copy(update={"id": f"{held.id}-m", "columns": (marked,)})
    save_side_by_side(demo.records, comparison)

    app = page("compare", **{"side-by-side": comparison.id})

    assert not app.exception
    assert "&lt;script&gt;" in texts_of_html(app)
    assert "<script>" not in texts_of_html(app)
    reasons = [str(caption.value) for caption in app.caption if "stars" in str(caption.value)]
    assert len(reasons) == 1
    assert "\\*\\*stars\\*\\*" in reasons[0]
    assert ":red[colour" not in reasons[0]


@pytest.fixture
def two_versions(station: Station, monkeypatch: pytest.MonkeyPatch) -> Station:
    """A station whose demo product was taught twice, and a lot that it inspected."""
    monkeypatch.setattr(core.tasks.shared_station, "_shared", station)
    product = Product.from_key(DEMO_PRODUCT_KEY)
    teach(station, product, demo_normals()[:60])
    bare = EvidenceChoice(exemplars=False, knowledge=False)
    void = demo_examples()[:1]
    for picture in [*void, *demo_unseen_normals()[:2]]:
        inspection = inspect(
            station,
            InspectionRequest(product=product, context=Context(lot="L-5"), evidence=bare),
            picture,
        )
        if picture in void:
            add_disposition(station.records, inspection.id, Disposition.VOID, "a shadow", "Ana")
    card = add_normals(station, product, void, by="Ana", confirmed="a shadow")
    activate(station.settings, product, card.detector)
    return station


def test_two_detectors_are_compared_over_a_lot(two_versions: Station) -> None:
    app = page("compare")
    assert "Side by side" in app.info[0].proto.title

    app.segmented_control(key="what").set_value("lot").run()
    assert "Who would have flagged what" in app.info[0].proto.title
    next(button for button in app.button if button.label == "Compare the lot").click().run()
    assert not app.exception

    (job,) = two_versions.jobs.recent(5, CompareLot)
    ended(two_versions, job.id)
    app = page("compare", comparison=job.id)

    assert not app.exception
    assert {metric.label: metric.value for metric in app.metric} == {
        "Inspections judged": "3",
        "Verdicts differ": "1",
        "Agree": "66.7 %",
        "Decided by a person": "1",
    }
    verdicts, right = (table.value for table in app.table)
    assert list(verdicts.columns)[1:] == ["B: ✓ PASS", "B: ? REVIEW", "B: ✗ FAIL"]
    assert verdicts.iloc[:, 1:].astype(int).to_numpy().sum() == 3
    assert list(right["False alarms: good, stopped"])[1].startswith("1/1 = 100.0 %")
    assert list(right["Escapes: bad, passed"]) == ["unknown (n = 0)"] * 2
    differing = app.dataframe[0].value
    assert str(differing["Picture"][0]).startswith("data:image/png;base64,")
    assert differing["Disposition"][0] == "void (false alarm)"
    # The first one, which judges now, learned that picture.
    assert "Detector A was taught or calibrated with the pictures of 1" in words(app)


def test_one_version_cannot_be_compared_over_a_lot() -> None:
    app = page("compare")

    app.segmented_control(key="what").set_value("lot").run()

    assert not app.exception
    assert "has one version of one detector" in words(app)
    assert "has one version of one detector" in words(page("compare", what="lot"))
