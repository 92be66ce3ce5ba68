"""The Knowledge page as a script: what it shows, changes and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.domain import InspectionRequest
from core.imaging.picture_files import DEMO_PRODUCT_KEY, PictureFile
from core.infrastructure.settings import Settings
from core.services.inspection import inspect
from core.services.knowledge import add_document, edit_entry
from core.services.station import Station
from tests.pages.app import page, press, words

KNOWLEDGE = {
    "ELPV": {
        "mono": {
            "good": "Appearance: an even bright cell.",
            "crack": "Appearance: a thin dark line.",
            "dark_spot": "Appearance: a round dark blot.",
        }
    },
    "Plant": {"bottle": {"broken": "Appearance: a notch in the <b>rim</b>."}},
}


@pytest.fixture
def station(
    station_settings: Settings,
    demo_station: Station,
    tmp_path: Path,
    console: Callable[[Settings], Station],
) -> Station:
    """The console's own station: knowledge of its own, and the demo product's detector."""
    file = tmp_path / "knowledge.json"
    file.write_text(json.dumps(KNOWLEDGE))
    folder = demo_station.settings.ad_checkpoint_dir
    settings = station_settings.model_copy(
        update={"knowledge_file": file, "ad_checkpoint_dir": folder}
    )
    return console(settings)


def id_of(station: Station, kind: str) -> str:
    return next(e.id for e in station.knowledge.entries() if e.defect_type == kind)


def text_of(station: Station, kind: str) -> str:
    return next(e.text for e in station.knowledge.entries() if e.defect_type == kind)


@pytest.mark.usefixtures("station")
def test_the_page_teaches_and_lists() -> None:
    app = page("knowledge")

    assert "What the reports are based on" in app.info[0].proto.title
    assert list(app.dataframe[0].value["About"]) == ["normal parts", "crack", "dark spot", "broken"]
    assert "4 of 4 entries" in words(app)


@pytest.mark.usefixtures("station")
def test_search_by_meaning_and_product() -> None:
    app = page("knowledge", words="round blot", about="ELPV/mono")

    assert list(app.dataframe[0].value["About"]) == ["dark spot", "crack"]
    assert app.dataframe[0].value["Similarity"].is_monotonic_decreasing


def test_an_entry_is_read_edited_and_kept_in_history(station: Station) -> None:
    before = id_of(station, "crack")
    app = page("knowledge", entry=before)
    assert "Appearance: a thin dark line." in words(app)
    assert "no inspection has retrieved it" in words(app)

    app.text_area(key=f"text-{before}").set_value("Appearance: a fracture.")
    app.text_input(key=f"edit-{before}-name").set_value("Ana")
    press(app, "Save the entry")

    after = id_of(station, "crack")
    assert app.query_params["entry"] == after
    assert "Appearance: a fracture." in words(app)
    assert "**Edited** by Ana" in words(app)
    assert f"Before ({before})" in words(app)


def test_a_stale_edit_is_refused_and_its_text_is_not_lost(station: Station) -> None:
    before = id_of(station, "crack")
    app = page("knowledge", entry=before)
    edit_entry(station, before, "Appearance: changed by Ben.", by="Ben")

    app.text_area(key=f"text-{before}").set_value("Appearance: by Ana, long and dear.")
    app.text_input(key=f"edit-{before}-name").set_value("Ana")
    press(app, "Save the entry")

    assert "someone changed or retired it" in app.error[0].value
    assert app.text_area(key=f"text-{before}").value == "Appearance: by Ana, long and dear."
    assert text_of(station, "crack") == "Appearance: changed by Ben."


def test_retiring_needs_a_name(station: Station) -> None:
    entry_id = id_of(station, "crack")
    app = page("knowledge", entry=entry_id)

    press(app, "Retire the entry")
    assert app.error[0].value == "Name the person who changes the knowledge."
    app.text_input(key=f"retire-{entry_id}-name").set_value("Ana")
    press(app, "Retire the entry")

    assert "crack of ELPV/mono was retired" in words(app)
    assert "entry" not in app.query_params
    assert station.knowledge.entry(entry_id) is None


def test_a_cited_text_is_shown_as_it_was(
    station: Station, defective_cells: list[PictureFile]
) -> None:
    inspection = inspect(
        station, InspectionRequest(product=station.product(DEMO_PRODUCT_KEY)), defective_cells[0]
    )
    cited = inspection.snippets[0]
    edit_entry(station, cited.id, "Appearance: quite another thing.", by="Ben")

    app = page("knowledge", entry=cited.id)

    assert "no longer current" in app.warning[0].value
    assert cited.text in words(app)
    uses = app.dataframe[1].value
    assert list(uses["Picture"]) == ["cell0010.png"]
    assert list(uses["Verdict"]) == ["FAIL"]
    press(app, "Open it as it is now")
    assert "Appearance: quite another thing." in words(app)


@pytest.mark.usefixtures("station")
def test_an_unknown_entry_is_a_sentence() -> None:
    assert "There is no entry 'K-nothing'" in page("knowledge", entry="K-nothing").error[0].value


def test_markup_is_shown_as_text(station: Station) -> None:
    app = page("knowledge", entry=id_of(station, "broken"))

    assert "Appearance: a notch in the <b>rim</b>." in [text.value for text in app.text]


def test_an_entry_is_written(station: Station) -> None:
    app = page("knowledge", view="write")
    press(app, "Add the entry")
    assert app.error[0].value == "Choose the product that the entry is about."

    app.selectbox[0].select("ELPV/mono")
    app.text_input[0].set_value("dent")
    app.text_area[0].set_value("Appearance: shallow.")
    app.text_input(key="write-name").set_value("Ana")
    press(app, "Add the entry")

    assert text_of(station, "dent") == "Appearance: shallow."
    assert "dent of ELPV/mono was added" in words(app)


def test_documents_are_listed_and_retired(station: Station) -> None:
    assert "None yet" in words(page("knowledge", view="documents"))
    document = add_document(station, "lamp_guide.md", b"# Lamp\n\nCheck it.", None, by="Ana")

    app = page("knowledge", view="documents")
    assert "lamp_guide.md" in words(app)
    app.text_input(key=f"{document.sha256}-name").set_value("Ben")
    press(app, "Retire the document")

    assert station.knowledge.documents.documents() == ()
    assert "lamp_guide.md was retired" in words(app)


def test_a_document_is_uploaded(station: Station) -> None:
    app = page("knowledge", view="documents")
    press(app, "Add the document")
    assert app.error[0].value == "Choose the document to add."

    app.file_uploader[0].set_value(("guide.txt", b"Check the lamp first.", "text/plain"))
    app.text_input(key="document-name").set_value("Ana")
    press(app, "Add the document")

    assert [d.filename for d in station.knowledge.documents.documents()] == ["guide.txt"]


def test_a_file_is_imported(station: Station) -> None:
    app = page("knowledge", view="import")
    data = json.dumps({"MVTec": {"bottle": {"dent": "Round."}}}).encode()

    app.file_uploader[0].set_value(("mmad.json", data, "application/json"))
    app.text_input(key="import-name").set_value("Ana")
    press(app, "Import")

    assert "1 entries added" in words(app)
    assert "MVTec-AD/bottle" in {e.product_key for e in station.knowledge.entries()}


def test_a_broken_knowledge_file_is_a_sentence(station: Station) -> None:
    station.settings.knowledge_file.write_text('{"A": oops}')

    assert "line 1, column 7" in page("knowledge").error[0].value
