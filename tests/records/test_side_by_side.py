from __future__ import annotations

from collections.abc import Generator

import pytest

from core.domain import Outcome, SideBySide, SideBySideColumn
from core.domain.errors import RecordsError
from core.infrastructure.settings import Settings
from core.records.events import list_events
from core.records.inspections import load_inspection, save_inspection
from core.records.search import count
from core.records.side_by_side import save_choice, save_side_by_side, side_by_side, win_rates
from core.records.store.database import Database
from tests.records import examples


@pytest.fixture
def records(empty_settings: Settings) -> Generator[Database]:
    with Database.open(empty_settings) as opened:
        yield opened


def column(detector: str, writer: str, inspection_id: str) -> SideBySideColumn:
    found = examples.inspection(inspection_id)
    judged = found.detector.model_copy(update={"algorithm": detector})
    return SideBySideColumn(
        inspection=found.model_copy(update={"detector": judged, "revisions": ()}),
        report=examples.report(),
        writing=examples.writing().model_copy(update={"writer": writer}),
        remarks=(examples.remark(),),
    )


def held(number: int, *names: str) -> SideBySide:
    pairs = [name.split("/") for name in names]
    return SideBySide(
        id=f"C-{number}",
        created_at=examples.NOW,
        product_key="ELPV/mono",
        image_sha256="a" * 64,
        columns=tuple(column(detector, writer, f"I-{number}") for detector, writer in pairs),
    )


def choose(records: Database, number: int, position: int, person: str, by: str = "offline") -> None:
    save_choice(records, side_by_side(records, f"C-{number}"), position, person, by)


def test_a_comparison_comes_back_equal(records: Database) -> None:
    saved = held(1, "patchcore/offline", "patchcore/gpt-4o")
    save_side_by_side(records, saved)

    assert side_by_side(records, "C-1") == saved


def test_a_choice_is_made_once_and_by_somebody(records: Database) -> None:
    save_side_by_side(records, held(1, "patchcore/offline", "patchcore/gpt-4o"))

    with pytest.raises(RecordsError, match="Name the person"):
        choose(records, 1, 1, "  ")
    choose(records, 1, 1, " Ana ")
    with pytest.raises(RecordsError, match="a choice was made already"):
        choose(records, 1, 0, "Bo")

    chosen = side_by_side(records, "C-1")
    assert (chosen.chosen, chosen.chosen_by) == (1, "Ana")
    assert chosen.chosen_at is not None


def test_a_choice_and_its_report_are_recorded_together(records: Database) -> None:
    save_side_by_side(records, held(1, "patchcore/offline", "patchcore/gpt-4o"))

    choose(records, 1, 1, "Ana", "gpt-4o")

    inspection = load_inspection(records, "I-1")
    (revision,) = inspection.revisions
    assert (revision.number, revision.author) == (1, "gpt-4o")
    assert revision.remarks == (examples.remark(),)


def test_nothing_of_a_choice_stays_when_its_report_cannot_be_recorded(records: Database) -> None:
    save_side_by_side(records, held(1, "patchcore/offline", "patchcore/gpt-4o"))

    with pytest.raises(RecordsError, match="who saves the report"):
        choose(records, 1, 1, "Ana", by=" ")

    assert side_by_side(records, "C-1").chosen is None
    assert count(records) == 0
    assert list_events(records) == ()
    choose(records, 1, 1, "Ana")
    assert side_by_side(records, "C-1").chosen == 1


def test_nothing_of_a_choice_stays_when_its_inspection_is_on_record_already(
    records: Database,
) -> None:
    save_side_by_side(records, held(1, "patchcore/offline", "patchcore/gpt-4o"))
    save_inspection(records, column("patchcore", "offline", "I-1").inspection)

    with pytest.raises(RecordsError):
        choose(records, 1, 0, "Ana")

    assert side_by_side(records, "C-1").chosen is None
    assert load_inspection(records, "I-1").revisions == ()


def test_win_rates_count_only_comparisons_with_a_choice_and_a_rival(records: Database) -> None:
    save_side_by_side(records, held(1, "patchcore/offline", "patchcore/gpt-4o"))
    choose(records, 1, 1, "Ana")
    save_side_by_side(records, held(2, "patchcore/offline", "efficientad/offline"))
    choose(records, 2, 0, "Ana")
    save_side_by_side(records, held(3, "patchcore/offline", "patchcore/gpt-4o"))

    rates = {(rate.kind, rate.name): (rate.won, rate.decided) for rate in win_rates(records)}

    assert rates == {
        ("writer", "gpt-4o"): (1, 1),
        ("writer", "offline"): (0, 1),
        ("detector", "patchcore"): (1, 1),
        ("detector", "efficientad"): (0, 1),
    }


def with_failed(comparison: SideBySide, *positions: int) -> SideBySide:
    """The comparison, if the writers at these positions had failed and the composer had written."""
    columns = list(comparison.columns)
    for position in positions:
        one = columns[position]
        writing = one.writing.model_copy(update={"outcome": Outcome.FELL_BACK})
        columns[position] = one.model_copy(update={"writing": writing})
    return comparison.model_copy(update={"columns": tuple(columns)})


def test_a_report_that_the_composer_wrote_for_a_failed_writer_counts_for_no_writer(
    records: Database,
) -> None:
    three = ("patchcore/offline", "patchcore/gpt-4o", "patchcore/claude")
    # The failed one is chosen: nobody's own report was.
    save_side_by_side(records, with_failed(held(1, *three), 1))
    choose(records, 1, 1, "Ana")
    # Its only rival failed: no choice between writers.
    save_side_by_side(records, with_failed(held(2, *three[:2]), 1))
    choose(records, 2, 0, "Ana")
    # Two that wrote remain, and one of them is chosen.
    save_side_by_side(records, with_failed(held(3, *three), 1))
    choose(records, 3, 2, "Ana")

    rates = {rate.name: (rate.won, rate.decided) for rate in win_rates(records)}

    assert rates == {"claude": (1, 1), "offline": (0, 1)}


def test_a_detector_is_chosen_also_where_its_writer_failed(records: Database) -> None:
    save_side_by_side(records, with_failed(held(1, "patchcore/gpt-4o", "efficientad/gpt-4o"), 0, 1))
    choose(records, 1, 1, "Ana")

    rates = {(rate.kind, rate.name): rate.won for rate in win_rates(records)}

    assert rates == {("detector", "efficientad"): 1, ("detector", "patchcore"): 0}


def test_an_unknown_comparison_is_said(records: Database) -> None:
    with pytest.raises(RecordsError, match="no comparison 'C-9'"):
        side_by_side(records, "C-9")
