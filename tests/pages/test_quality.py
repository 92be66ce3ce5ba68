"""Quality: what the page says of a station with much, little and nothing on record."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.domain import InspectionRequest, Language, Product
from core.imaging.picture_files import demo_normals
from core.records.quality import verdict_counts
from core.records.search import Filter, count
from core.services.inspection import inspect
from core.services.station import Station
from core.statistics.counts import Period
from core.statistics.quality import rates
from pages.texts import percentage, texts
from tests.pages.app import page, words

LINE, MACHINE, RUNNING = "line", "machine", "running"


def charts(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


@pytest.mark.usefixtures("empty")
def test_an_empty_page_says_what_to_do_first() -> None:
    app = page("quality")

    assert not app.exception
    assert "Inspect parts and decide" in words(app)


def test_rates_stand_with_interval_and_n(busy: Station) -> None:
    app = page("quality", **{"by-product": "line/lens"})

    assert not app.exception
    found = rates(verdict_counts(busy.records, Filter(product_key="line/lens"))).first_pass_yield
    assert found is not None
    yields = {metric.label: metric.value for metric in app.metric}
    assert yields["First-pass yield"] == percentage(found.share, 1)
    assert f"{found.count:,} of {found.out_of:,}" in words(app)


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize(
    ("view", "product", "expected", "sentence"),
    [
        (LINE, None, 2, "Choose a product: places"),
        (LINE, "line/lens", 3, "defects, each at its centre"),
        (MACHINE, None, 0, "Choose a product: each detector"),
        (RUNNING, None, 2, "No takt is set"),
    ],
)
def test_views_show_their_charts(
    view: str, product: str | None, expected: int, sentence: str
) -> None:
    query = {"view": view} | ({"by-product": product} if product else {})
    app = page("quality", **query)

    assert not app.exception
    assert charts(app) == expected
    assert sentence in words(app)
    assert not app.error


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("by", Period)
def test_the_control_chart_is_of_hours_days_or_lots(by: Period) -> None:
    app = page("quality", **{"chart-by": by.value})

    assert not app.exception
    assert charts(app) == 2
    assert ("Plant days from 00:00, time zone UTC." in words(app)) == (
        by in (Period.DAY, Period.SHIFT)
    ), "a plant without shifts offers none"
    assert ("your browser's is used" in words(app)) == (by is not Period.LOT)


@pytest.mark.usefixtures("busy")
def test_a_product_without_a_detector_is_a_sentence() -> None:
    app = page("quality", view=MACHINE, **{"by-product": "line/lens"})

    assert not app.exception
    assert "line/lens" in app.error[0].value


def test_a_taught_product_is_held_against_its_calibration(
    demo: Station,
    demo_product: Product,
) -> None:
    for cell in demo_normals()[:3]:
        inspect(demo, InspectionRequest(product=demo_product), cell)

    app = page("quality", view=MACHINE)

    assert not app.exception
    assert not app.error
    assert charts(app) == 2
    assert "Median of the newest week" in words(app)


def test_what_nobody_decided_is_unknown(
    demo: Station,
    demo_product: Product,
) -> None:
    inspect(demo, InspectionRequest(product=demo_product), demo_normals()[0])

    app = page("quality", **{"by-lot": "no such lot"})

    assert not app.exception
    values = {metric.label: metric.value for metric in app.metric}
    assert set(values.values()) == {"–"}
    assert "unknown: no cases yet" in words(app)
    assert "Escapes are unknown until" in words(app)


@pytest.mark.parametrize("language", [Language.KOREAN, Language.GERMAN])
def test_the_page_speaks_other_languages(
    language: Language, busy: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = busy.settings.model_copy(update={"console_language": language})
    monkeypatch.setattr(busy, "settings", settings)

    app = page("quality", view=RUNNING)

    assert not app.exception
    assert texts(language)["quality.no_takt"] in words(app)


def test_a_plant_with_shifts_has_them_charted_and_compared(
    busy: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {
        "plant_time_zone": "Europe/Berlin",
        "plant_day_start": "06:00",
        "shift_starts": "06:00, 14:00, 22:00",
    }
    monkeypatch.setattr(busy, "settings", busy.settings.model_copy(update=values))

    app = page("quality", **{"chart-by": Period.SHIFT.value})

    assert not app.exception
    assert "Shifts from 06:00, 14:00, 22:00, time zone Europe/Berlin" in words(app)
    compared, each = (frame.value for frame in app.dataframe)
    counted = count(busy.records)
    assert compared["Shift"].tolist() == ["06:00", "14:00", "22:00"]
    assert compared["Inspected"].sum() == counted
    assert each["Inspected"].sum() == counted
