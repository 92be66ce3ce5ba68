"""The search against plain Python over the same inspections."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.domain import Context, Disposition, Inspection, Verdict
from core.domain.plant_time import PlantTime
from core.evaluation.benchmarks.generated_records import END
from core.infrastructure.settings import Settings
from core.records.dispositions import add_disposition
from core.records.inspections import load_inspection, save_inspection
from core.records.search import Filter, count, ids, search, values_of, whole_days
from core.records.store.database import Database
from tests.records import examples
from tests.records.conftest import Past
from tests.records.oracle import defect_type_of, disposition_of

HOUR = timedelta(hours=1)


def is_meant(filter: Filter, inspection: Inspection) -> bool:
    context, decided = inspection.context, disposition_of(inspection)
    texts = (
        inspection.image.filename,
        context.lot,
        context.serial,
        inspection.id,
        context.inspector,
        defect_type_of(inspection),
        inspection.dispositions[-1].reason if inspection.dispositions else "",
        inspection.report.summary if inspection.report else "",
    )
    return (
        filter.product_key in (None, inspection.product.key)
        and filter.lot in (None, context.lot)
        and filter.serial in (None, context.serial)
        and filter.station in (None, context.station)
        and filter.verdict in (None, inspection.judgement.verdict)
        and filter.disposition in (None, decided or "open")
        and filter.defect_type in (None, defect_type_of(inspection))
        and (filter.since is None or inspection.created_at >= filter.since)
        and (filter.until is None or inspection.created_at < filter.until)
        and (not filter.text or any(filter.text.lower() in text.lower() for text in texts))
    )


@pytest.mark.parametrize(
    "filter",
    [
        Filter(),
        Filter(product_key="line/plate"),
        Filter(lot="L-3"),
        Filter(serial="SN-700"),
        Filter(station="ST-2", verdict=Verdict.REVIEW),
        Filter(verdict=Verdict.FAIL),
        Filter(disposition=Disposition.VOID),
        Filter(disposition="open", verdict=Verdict.FAIL),
        Filter(defect_type="dent"),
        Filter(defect_type=""),
        Filter(since=END - 5 * HOUR, until=END - 2 * HOUR),
        Filter(text="MICROSCOPE"),
        Filter(text="sn-12"),
        Filter(text="part_1"),
        Filter(text="1.5 %"),
        Filter(text="inspector 1"),
        Filter(text="stain", verdict=Verdict.REVIEW, product_key="line/lens"),
        Filter(text="20261031-2"),
        Filter(text="nothing has this"),
    ],
    ids=repr,
)
def test_search_finds_what_plain_python_does(past: Past, filter: Filter) -> None:
    expected = [i.id for i in past.inspections if is_meant(filter, i)]

    assert ids(past.records, filter) == tuple(expected)
    assert count(past.records, filter) == len(expected)
    page = search(past.records, filter, limit=7, offset=3)
    assert [summary.id for summary in page] == expected[3:10]


def test_a_summary_says_what_its_inspection_does(past: Past) -> None:
    by_id = {inspection.id: inspection for inspection in past.inspections}

    found = search(past.records, Filter(text="hold the part"), limit=100)

    assert found
    for summary in found:
        inspection = by_id[summary.id]
        assert summary.created_at == inspection.created_at
        assert (summary.lot, summary.serial, summary.station, summary.inspector) == (
            tuple(inspection.context.model_dump().values())
        )
        assert summary.defect_count == len(inspection.defects)
        assert summary.defect_type == defect_type_of(inspection)
        assert summary.disposition == disposition_of(inspection)
        assert summary.verdict == inspection.judgement.verdict


def test_values_to_choose_from(past: Past) -> None:
    of_lens = Filter(product_key="line/lens")

    assert values_of(past.records, "station", Filter()) == ("ST-1", "ST-2", "ST-3", "ST-4")
    assert values_of(past.records, "lot", of_lens) == ("L-2", "L-7")
    types = {defect_type_of(i) for i in past.inspections}
    assert values_of(past.records, "defect_type", Filter()) == tuple(sorted(types))


@pytest.mark.parametrize("text", ["100%", "a_b", "'; DROP TABLE inspections; --", "\\", "%", "_"])
def test_what_is_typed_is_taken_literally(empty_settings: Settings, text: str) -> None:
    with Database.open(empty_settings) as records:
        for name, lot in (("1", f"x{text}y"), ("2", "100 a-b")):
            save_inspection(records, examples.inspection(name, lot))

        assert ids(records, Filter(text=text)) == ("1",)
        assert ids(records, Filter(lot=f"x{text}y")) == ("1",)


def test_hangul_and_umlauts_are_found_in_any_form_and_case(empty_settings: Settings) -> None:
    with Database.open(empty_settings) as records:
        save_inspection(records, examples.inspection())
        for text in ("균열", unicodedata.normalize("NFD", "균열"), "ZOË MÜ", "größe"):
            assert count(records, Filter(text=text)) == 1


def test_lots_are_found_as_they_are_typed_and_as_older_programs_kept_them(
    empty_settings: Settings,
) -> None:
    with Database.open(empty_settings) as records:
        save_inspection(records, examples.inspection("now", "München"))
        kept = Context.on_record(dict.fromkeys(Context.model_fields, " München\r"))
        old = examples.inspection("old").model_copy(update={"context": kept})
        save_inspection(records, old)

        assert load_inspection(records, "old") == old
        for typed in ("München", "Mu\u0308nchen\u00a0"):
            assert ids(records, Filter(lot=typed)) == ("now",)
            assert count(records, Filter(text=typed)) == 2
        assert set(ids(records, Filter(lot=" München\r"))) == {"now", "old"}


def test_no_match_reaches_from_one_field_into_the_next(empty_settings: Settings) -> None:
    with Database.open(empty_settings) as records:
        save_inspection(records, examples.inspection(lot="L-7"))

        assert count(records, Filter(text="L-7균열")) == 0


def test_a_new_disposition_and_report_are_found_at_once(empty_settings: Settings) -> None:
    with Database.open(empty_settings) as records:
        saved = examples.inspection()
        save_inspection(records, saved)
        add_disposition(records, saved.id, Disposition.SCRAP, "Bent rim", "Ana")
        add_disposition(records, saved.id, Disposition.REWORK, "Can be ground", "Ana")

        assert count(records, Filter(disposition=Disposition.REWORK, text="ground")) == 1
        assert count(records, Filter(text="bent rim")) == 0, "an earlier reason"
        assert count(records, Filter(disposition="open")) == 0


def test_times_of_any_zone_are_compared_in_utc(empty_settings: Settings) -> None:
    with Database.open(empty_settings) as records:
        save_inspection(records, examples.inspection())
        plus_nine = datetime.fromisoformat("2026-11-24T18:30:15.123456+09:00")

        assert plus_nine == examples.NOW.astimezone(UTC)
        assert count(records, Filter(since=plus_nine)) == 1
        assert count(records, Filter(until=plus_nine)) == 0


def test_whole_days_are_those_of_the_zone_and_have_as_many_hours() -> None:
    berlin = PlantTime(ZoneInfo("Europe/Berlin"))

    # Clocks went back on that day: it had 25 hours.
    since, until = whole_days(date(2026, 10, 25), date(2026, 10, 25), berlin)

    assert since is not None
    assert until is not None
    assert since.astimezone(UTC) == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert until.astimezone(UTC) == datetime(2026, 10, 25, 23, tzinfo=UTC)
    early = PlantTime(berlin.zone, day_start=time(6))
    assert whole_days(date(2026, 10, 25), None, early)[0] == datetime(2026, 10, 25, 5, tzinfo=UTC)
    assert whole_days(None, None, berlin) == (None, None)
