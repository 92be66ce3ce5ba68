"""Every page as a script: what it shows, and what it says when something is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import core.tasks.shared_station
from core.domain import Context, InspectionRequest, Product, RevisionKind
from core.imaging.picture_files import PictureFile
from core.infrastructure.settings import Settings
from core.records.inspections import load_inspection
from core.services.inspection import inspect
from core.services.station import Station
from tests.pages.app import page, press, words
from tests.services.jobs.waiting import ended

PAGES = Path(__file__).parents[2] / "pages"


@pytest.fixture
def inspected(demo: Station, demo_product: Product, defective_cells: list[PictureFile]) -> str:
    context = Context(lot="L-7", inspector="Ana")
    return inspect(
        demo, InspectionRequest(product=demo_product, context=context), defective_cells[0]
    ).id


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("inspect", "Nothing can be inspected yet"),
        ("history", "Nothing has been inspected yet"),
        ("products", "at least 5, ideally 200"),
    ],
)
def test_empty_pages_say_what_to_do_first(name: str, sentence: str) -> None:
    app = page(name)

    assert not app.exception
    assert sentence in words(app)


def test_demo_button_teaches(empty: Station) -> None:
    app = page("inspect")

    app.button[0].click().run()
    assert not app.exception
    ended(empty, empty.jobs.recent()[0].id)
    app = page("inspect")

    assert [product.key for product in empty.taught_products()] == ["ELPV/mono"]
    assert "Drop one or more pictures" in words(app)


@pytest.mark.usefixtures("demo")
def test_an_inspection_is_opened_from_the_url(inspected: str) -> None:
    app = page("inspect", inspection=inspected)

    assert not app.exception
    shown = words(app)
    assert "FAIL" in shown
    assert "At most 4.87% of good parts are stopped" in shown
    assert "cell0010.png" in shown
    assert "L-7" in shown
    assert str(app.text_area[0].value).endswith("Hold the part and decide on its disposition.")


def test_an_edit_is_saved_as_a_revision(demo: Station, inspected: str) -> None:
    app = page("inspect", inspection=inspected)

    app.text_area[0].set_value("Edited by a person")
    app.text_input(key="report-name").set_value("Ana")
    press(app, "Save as new revision")

    revisions = load_inspection(demo.records, inspected).revisions
    assert [revision.kind for revision in revisions] == [RevisionKind.DRAFTED, RevisionKind.EDITED]
    assert revisions[1].report.summary == "Edited by a person"
    assert revisions[1].author == "Ana"
    assert revisions[1].report.findings == revisions[0].report.findings
    assert app.text_area[0].value == "Edited by a person"


def test_defects_stand_beside_the_same_place_on_a_normal(demo: Station, inspected: str) -> None:
    app = page("inspect", inspection=inspected)

    inspection = load_inspection(demo.records, inspected)
    comparison, likeness = inspection.comparisons[0], inspection.likeness
    assert "The same place on the nearest normal part" in words(app)
    assert f"{comparison.filename} · {comparison.sentence()}" in words(app)
    assert likeness is not None
    warnings = [warning.value for warning in app.warning]
    assert likeness.sentence() in (warnings if likeness.is_far else words(app))


def test_a_vanished_normal_is_a_sentence_on_the_page(demo: Station, inspected: str) -> None:
    sha256 = load_inspection(demo.records, inspected).comparisons[0].exemplar_sha256
    path = demo.files.root / sha256[:2] / sha256
    aside = path.with_suffix(".aside")
    path.rename(aside)
    try:
        app = page("inspect", inspection=inspected)
    finally:
        aside.rename(path)

    assert not app.exception
    assert "D1: The stored file" in words(app)


def test_switches_stand_as_the_settings_do(demo: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    def switches() -> dict[str, bool]:
        return {toggle.label: toggle.value for toggle in page("inspect").toggle}

    assert switches() == {"Similar normals": True, "Knowledge": True}
    monkeypatch.setattr(
        demo, "settings", demo.settings.model_copy(update={"domain_rag_enabled": False})
    )
    assert switches() == {"Similar normals": True, "Knowledge": False}


@pytest.mark.usefixtures("demo")
def test_an_unknown_inspection_is_a_sentence() -> None:
    app = page("inspect", inspection="nothing")

    assert not app.exception
    assert app.error[0].value.startswith("There is no inspection 'nothing'")


@pytest.mark.parametrize("name", ["inspect", "history", "products"])
def test_locked_records_are_a_sentence(
    name: str, station_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = "import sys, time; from pathlib import Path\n"
    hold += "from core.infrastructure.settings import Settings\n"
    hold += "from core.records.store.database import Database\n"
    hold += (
        "records = Database.open(Settings(data_dir=Path(sys.argv[1]))); print('held', flush=True)\n"
    )
    hold += "time.sleep(60)"
    command = [sys.executable, "-c", hold, str(station_settings.data_dir)]
    monkeypatch.setattr(core.tasks.shared_station, "_shared", None)
    monkeypatch.setattr(core.tasks.shared_station, "settings", lambda: station_settings)
    with subprocess.Popen(command, cwd=PAGES.parent, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            app = page(name)
        finally:
            other.kill()

    assert not app.exception
    assert "in use by another process" in words(app)


def test_fitting_types_stand_beside_the_defects(demo: Station, inspected: str) -> None:
    app = page("inspect", inspection=inspected)

    (table,) = [frame.value for frame in app.dataframe if "Severity" in frame.value]
    guesses = load_inspection(demo.records, inspected).defect_types
    own = [g.defect_type.replace("_", " ") for g in guesses if g.defect_id == "D1"]
    assert len(own) == 3
    assert table["Fits"][0] == ", ".join(own)
    assert "A ranking by similarity, without a probability" in words(app)
