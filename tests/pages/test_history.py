"""History: the filter in the URL, pages, what is said of nothing, and exports."""

from __future__ import annotations

import pyarrow.ipc
import pytest
from pandas.api.types import is_numeric_dtype
from streamlit.testing.v1 import AppTest

from core.domain import Disposition, JobState, Language, Verdict
from core.records.search import Filter, count, search
from core.services.exports import AT_ONCE, ExportKind
from core.services.station import Station
from core.tasks.exports import export_file
from tests.pages.app import page, press, words
from tests.pages.conftest import MANY
from tests.services.jobs.waiting import ended


def shown(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["picture"])


@pytest.mark.usefixtures("busy")
def test_the_newest_come_first_in_pages(line: Station) -> None:
    app = page("history", page="3")

    assert not app.exception
    expected = search(line.records, Filter(), offset=100)
    assert shown(app) == [summary.filename for summary in expected]
    assert f"**{MANY:,}** inspections" in words(app)


@pytest.mark.usefixtures("busy")
def test_a_passed_part_that_nobody_is_to_decide_on_is_not_open(line: Station) -> None:
    app = page("history", **{"by-disposition": "open"})

    found = search(line.records, Filter(disposition="open"))
    assert found
    assert all(each.verdict is not Verdict.PASS or each.is_audited for each in found)
    assert list(app.dataframe[0].value["disposition"]) == ["open"] * len(found)
    passed = list(page("history", **{"by-verdict": "PASS"}).dataframe[0].value["disposition"])
    assert "–" in passed, "nobody is to decide on it"


def test_numbers_stand_as_the_consoles_language_writes_them_and_are_sorted_as_numbers(
    busy: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    german = busy.settings.model_copy(update={"console_language": Language.GERMAN})
    monkeypatch.setattr(busy, "settings", german)
    (table,) = page("history", **{"by-verdict": "FAIL"}).dataframe

    cells = pyarrow.ipc.open_stream(table.proto.arrow_data.styler.display_values).read_pandas()
    assert is_numeric_dtype(table.value["score"])
    expected = [f"{score:.3f}".replace(".", ",") for score in table.value["score"]]
    assert cells["score"].tolist() == expected


@pytest.mark.usefixtures("busy")
def test_every_filter_stands_in_the_url(line: Station) -> None:
    some = search(line.records, Filter(verdict=Verdict.FAIL, disposition=Disposition.SCRAP))[7]
    app = page(
        "history",
        **{
            "by-product": some.product_key,
            "by-lot": some.lot,
            "by-serial": some.serial,
            "by-station": some.station,
            "by-verdict": "FAIL",
            "by-disposition": "scrap",
            "by-type": some.defect_type,
            "since": f"{some.created_at:%Y-%m-%d}",
            "until": f"{some.created_at:%Y-%m-%d}",
            "text": "MICROSCOPE",
        },
    )

    assert not app.exception
    assert shown(app) == [some.filename]
    press(app, "Clear")
    assert f"**{MANY:,}** inspections" in words(app)


@pytest.mark.usefixtures("busy")
def test_what_fits_nothing_is_said() -> None:
    app = page("history", text="no such text")

    assert not app.exception
    assert "No inspection matches" in words(app)


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("name", ["history", "quality"])
def test_days_that_are_turned_round_are_said(name: str) -> None:
    app = page(name, since="2026-11-03", until="2026-11-01")

    assert "From (2026-11-03) is after To (2026-11-01)" in app.error[0].value
    assert not app.info


def test_another_search_begins_at_its_first_page(busy: Station) -> None:
    app = page("history", page="5")

    next(each for each in app.selectbox if each.label == "Verdict").set_value("FAIL").run()

    first = search(busy.records, Filter(verdict=Verdict.FAIL))
    assert shown(app) == [summary.filename for summary in first]


def test_a_long_export_is_a_job_and_its_file_is_offered(busy: Station) -> None:
    assert count(busy.records, Filter()) > AT_ONCE[ExportKind.CSV]
    app = page("history")
    app.session_state["export"] = True
    app.run()

    press(app, "Start in the background")

    job = ended(busy, busy.jobs.recent(1)[0].id)
    assert job.state is JobState.DONE
    rows = export_file(busy.settings, job).read_bytes().count(b"\n") - 1
    assert rows == MANY
    app.run()
    assert not app.exception
    assert f"**Export: {job.title}** · done" in words(app)
