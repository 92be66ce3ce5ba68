"""Inspect: lots in the background, detector choice, the viewer, and reports that a model writes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from core.domain import (
    Context,
    Inspection,
    InspectionRequest,
    JobState,
    Product,
)
from core.imaging.picture_files import DEMO_PRODUCT_KEY, PictureFile, demo_lot, demo_normals
from core.infrastructure.settings import Settings
from core.records.inspections import load_inspection
from core.services.inspection import inspect
from core.services.station import Station
from core.services.teaching import teach
from core.tasks.inspect import inspect_later
from pages.parts.inspect.intake import Tray
from tests.pages.app import PAGES, field, page, parameter, press, words
from tests.services.jobs.waiting import ended


@pytest.fixture
def inspected(
    demo: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> Inspection:
    return inspect(
        demo,
        InspectionRequest(product=demo_product, context=Context(lot="L-7")),
        defective_cells[0],
    )


@pytest.fixture
def two_products(station_settings: Settings, console: Callable[[Settings], Station]) -> Station:
    """The console's own station is that of a station with another product beside the demo's."""
    station = console(station_settings)
    for key in ("Bracket/steel", DEMO_PRODUCT_KEY):
        teach(station, Product.from_key(key), demo_normals()[:8])
    return station


def lot(demo: Station, product: Product, pictures: list[PictureFile], lot: str) -> str:
    job = inspect_later(
        demo, InspectionRequest(product=product, context=Context(lot=lot)), pictures, "Ana"
    )
    return ended(demo, job.id).id


def labels(app: AppTest) -> set[str]:
    return {button.label for button in app.button}


def test_a_lot_shows_its_results_and_what_was_refused(demo: Station, demo_product: Product) -> None:
    torn = PictureFile.of("torn.png", b"no picture")
    job_id = lot(demo, demo_product, [*demo_lot(10)[:2], torn], "L-8")

    app = page("inspect", job=job_id)

    assert not app.exception
    assert "Inspection: ELPV/mono, L-8, 3 pictures · done" in words(app).replace("**", "")
    assert "not inspected 1" in words(app)
    assert "torn.png is not a picture" in words(app)
    strip = app.dataframe[0].value
    assert list(strip["Picture"]) == [picture.filename for picture in demo_lot(10)[:2]]
    assert set(strip["Verdict"]) <= {"✓ PASS", "◐ REVIEW", "✕ FAIL"}
    assert {"Decide what was stopped", "The lot in History, to export"} <= {
        button.label for button in app.button
    }


def test_a_link_opens_lot_and_inspection(demo: Station, demo_product: Product) -> None:
    job_id = lot(demo, demo_product, demo_lot(10)[:1], "L-9")

    app = page("inspect", job=job_id, inspection=f"{job_id}-00001")

    assert not app.exception
    assert demo_lot(10)[0].filename in words(app)
    assert "Inspection: ELPV/mono, L-9" in words(app)


@pytest.mark.usefixtures("two_products")
def test_product_lot_and_station_outlive_a_reload() -> None:
    app = page("inspect")
    product = app.selectbox(key="inspect-product")
    assert product.options == ["Bracket/steel", "ELPV/mono"]
    product.set_value("ELPV/mono").run()
    field(app, "Lot").set_value("L-3").run()
    field(app, "Station").set_value("S1").run()
    field(app, "Serial").set_value("0007").run()

    again = page("inspect", **{name: parameter(app, name) for name in app.query_params})

    assert again.selectbox(key="inspect-product").value == "ELPV/mono"
    assert [field(again, label).value for label in ("Lot", "Station", "Serial")] == [
        "L-3",
        "S1",
        "",
    ]


def test_a_link_to_an_inspection_brings_its_product(
    two_products: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    inspected = inspect(two_products, InspectionRequest(product=demo_product), defective_cells[0])

    app = page("inspect", inspection=inspected.id)

    assert app.selectbox(key="inspect-product").value == demo_product.key


def of_next_part(app: AppTest, label: str):  # noqa: ANN201 - AppTest's own element type
    """The field beside the page: one of the same name corrects the part that is shown."""
    return next(element for element in app.sidebar.text_input if element.label == label)


def test_a_serial_is_of_one_part(demo: Station) -> None:
    app = page("inspect")
    of_next_part(app, "Serial").set_value("0007").run()

    press(app, "Try a lot of 50 demo cells")

    assert "50 pictures were given with the serial 0007" in words(app)
    assert "job" not in app.query_params
    press(app, "Try a defective demo cell")
    assert load_inspection(demo.records, parameter(app, "inspection")).context.serial == "0007"
    assert of_next_part(app, "Serial").value == ""


def test_a_serial_with_a_hidden_character_is_refused_where_it_is_typed(demo: Station) -> None:
    app = page("inspect")
    of_next_part(app, "Serial").set_value("SN\u202e1").run()

    assert not app.exception
    assert "U+202E" in words(app)

    of_next_part(app, "Serial").set_value(" SN1\r").run()
    press(app, "Try a defective demo cell")
    assert load_inspection(demo.records, parameter(app, "inspection")).context.serial == "SN1"


def test_an_error_that_nobody_foresaw_is_a_sentence_and_stops_nothing_else(
    demo: Station, demo_product: Product
) -> None:
    def break_down() -> bytes:
        raise ZeroDivisionError

    request = InspectionRequest(product=demo_product, context=Context(lot="L-4"))
    broken, good = PictureFile("broken.png", break_down), demo_lot(10)[0]
    app = AppTest.from_file(str(PAGES / "inspect.py"), default_timeout=60)
    app.session_state["tray"] = Tray(waiting=[(request, broken), (request, good)])

    app.run()

    assert not app.exception
    assert "broken.png could not be inspected" in words(app)
    assert "ZeroDivisionError" in words(app)
    assert (
        load_inspection(demo.records, parameter(app, "inspection")).image.filename == good.filename
    )
    assert "Try again" in labels(app)


def test_what_is_dropped_is_known_by_its_content_and_refusals_stay(
    demo: Station, defective_cells: list[PictureFile]
) -> None:
    app = page("inspect")
    before = len(app.session_state["tray"].inspected)
    dropped = [
        ("cell.jpg_medium", defective_cells[0].read(), "image/jpeg"),
        ("notes.txt", b"a note", "text/plain"),
        ("Thumbs.db", b"\xd0\xcf", "application/octet-stream"),
    ]

    app.file_uploader[0].set_value(dropped).run()

    assert not app.exception
    assert len(app.session_state["tray"].inspected) == before + 1
    app.run()
    (refused,) = app.session_state["tray"].refused
    assert [picture.filename for picture in refused.pictures] == ["notes.txt"]
    assert refused.sentence in {error.value for error in app.error}


def test_what_would_meet_every_picture_is_said_once_and_holds_them_all_back(
    demo: Station, demo_product: Product
) -> None:
    untaught = InspectionRequest(product=demo_product, detector="winclip")
    fine = InspectionRequest(product=demo_product)
    first, second, third = demo_lot(10)[:3]
    app = AppTest.from_file(str(PAGES / "inspect.py"), default_timeout=60)
    waiting = [(untaught, first), (fine, second), (untaught, third)]
    app.session_state["tray"] = Tray(waiting=waiting)

    app.run()

    assert not app.exception
    assert words(app).count("was not taught with winclip") == 1
    (refused,) = app.session_state["tray"].refused
    assert [picture.filename for picture in refused.pictures] == [first.filename, third.filename]
    assert (
        load_inspection(demo.records, parameter(app, "inspection")).image.filename
        == second.filename
    )


def test_an_unknown_job_is_a_sentence_and_stops_nothing_else(inspected: Inspection) -> None:
    app = page("inspect", job="nothing", inspection=inspected.id)

    assert not app.exception
    assert app.error[0].value.startswith("There is no job 'nothing'")
    assert "FAIL" in words(app)


def test_the_demo_lot_goes_into_the_background(demo: Station) -> None:
    app = page("inspect")

    press(app, "Try a lot of 50 demo cells")

    job_id = parameter(app, "job")
    assert demo.jobs.job(job_id).is_active
    assert "Cancel" in labels(app)
    press(app, "Cancel")
    assert ended(demo, job_id).state is JobState.CANCELLED
    app.run()
    assert "Start again" in labels(app)


def test_every_look_is_shown(inspected: Inspection) -> None:
    scale = "Equal colours are equal values"
    below = {
        "overlay": scale,
        "split": scale,
        "heatmap": scale,
        "mask": "White: at or above the fail threshold",
        "blink": "2: the nearest normal part",
        "original": None,
    }
    pictures = set()
    for look, sentence in below.items():
        app = page("inspect", inspection=inspected.id, look=look)

        assert not app.error
        shown = [image.proto.imgs[0] for image in app.get("image")]
        named = f"{inspected.image.filename}, {look.capitalize()}: FAIL"
        (picture,) = [image for image in shown if image.alt.startswith(named)]
        pictures.add(picture.url)
        said = {each for each in below.values() if each and each in words(app)}
        assert said == ({sentence} if sentence else set())
    assert len(pictures) == len(below)


def test_looking_at_a_defect_comes_near(inspected: Inspection) -> None:
    app = page("inspect", inspection=inspected.id)
    place = app.selectbox(key=f"place-{inspected.id}")

    assert [option.split(" ")[0] for option in place.options[1:2]] == [inspected.defects[0].id]
    place.set_value("top left").run()

    assert app.slider(key=f"zoom-{inspected.id}").value == 3.0


@pytest.mark.usefixtures("demo")
def test_one_detector_is_named_and_cannot_be_changed() -> None:
    app = page("inspect")

    (detector,) = [box for box in app.selectbox if box.label == "Detector"]
    assert detector.options == ["patchcore (active)"]
    assert detector.disabled


def report_form(app: AppTest, summary: str, name: str = "Ana") -> None:
    app.text_area[0].set_value(summary)
    app.text_input(key="report-name").set_value(name)
    app.run()
    assert not app.exception


def test_the_name_on_record_is_nobodys_signature(
    demo: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    context = Context(lot="L-7", inspector="Inspector of the lot")
    request = InspectionRequest(product=demo_product, context=context)
    inspected = [inspect(demo, request, picture).id for picture in defective_cells[1:3]]

    app = page("inspect", inspection=inspected[0])
    assert app.text_input(key="report-name").value == ""
    press(app, "Save and sign")
    assert "Name the person who saves the report" in words(app)
    app.text_input(key="report-name").set_value("Ana").run()
    app.query_params["inspection"] = inspected[1]
    app.run()

    assert app.text_input(key="report-name").value == "Ana"


def test_of_two_who_edit_one_report_neither_loses_a_text(
    demo: Station, inspected: Inspection
) -> None:
    ana, ben = page("inspect", inspection=inspected.id), page("inspect", inspection=inspected.id)
    report_form(ana, "Ana's text")
    report_form(ben, "Ben's text", "Ben")
    press(ben, "Save as new revision")
    press(ana, "Save as new revision")

    assert "Revision 2 (edited by Ben" in words(ana)
    assert "Nothing is overwritten" in words(ana)
    assert ana.text_area[0].value == "Ana's text"
    assert "Ben&#x27;s" in "".join(str(each.proto) for each in ana.get("html"))
    assert load_inspection(demo.records, inspected.id).newest_revision == 2

    press(ana, "Keep my text, to save it after revision 2")
    press(ana, "Save as new revision")

    saved = load_inspection(demo.records, inspected.id).revisions
    assert [each.report.summary for each in saved[1:]] == ["Ben's text", "Ana's text"]


def test_a_signed_report_is_locked_until_a_reason_is_given(
    demo: Station, inspected: Inspection
) -> None:
    app = page("inspect", inspection=inspected.id)
    report_form(app, "Signed text")
    press(app, "Save and sign")

    assert "Signed by Ana" in words(app)
    assert "Ana signed this report as revision 2" in words(app)
    assert all(area.disabled for area in app.text_area)
    assert "Save and sign" not in labels(app)

    field(app, "Reason for another revision").set_value("Wrong lot").run()
    press(app, "Change the signed report")
    report_form(app, "Another text")
    press(app, "Save as new revision")

    assert "This revision is not signed. Revision 2 was signed" in words(app)
    kept = load_inspection(demo.records, inspected.id)
    assert kept.revisions[-1].reason == "Wrong lot"
    assert kept.report is not None
    assert kept.report.summary == "Signed text"
    assert page("inspect", inspection=inspected.id).text_area[0].value == "Signed text"
