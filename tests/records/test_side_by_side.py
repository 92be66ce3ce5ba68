from __future__ import annotations

from collections.abc import Generator

import pytest

from core.domain import Contest, Contestant, Outcome
from core.domain.errors import RecordsError
from core.infrastructure.settings import Settings
from core.records.side_by_side import contest, save_choice, save_contest, win_rates
from core.records.store.database import Database
from tests.records import examples


@pytest.fixture
def records(station_settings: Settings) -> Generator[Database]:
    with Database.open(station_settings) as opened:
        yield opened


def contestant(detector: str, writer: str) -> Contestant:
    found = examples.inspection()
    judged = found.detector.model_copy(update={"algorithm": detector})
    return Contestant(
        inspection=found.model_copy(update={"detector": judged, "revisions": ()}),
        report=examples.report(),
        writing=examples.writing().model_copy(update={"writer": writer}),
        remarks=(examples.remark(),),
    )


def held(number: int, *names: str) -> Contest:
    pairs = [name.split("/") for name in names]
    return Contest(
        id=f"C-{number}",
        created_at=examples.NOW,
        product_key="ELPV/mono",
        image_sha256="a" * 64,
        contestants=tuple(contestant(detector, writer) for detector, writer in pairs),
    )


def test_a_contest_comes_back_equal(records: Database) -> None:
    saved = held(1, "patchcore/offline", "patchcore/gpt-4o")
    save_contest(records, saved)

    assert contest(records, "C-1") == saved


def test_a_choice_is_made_once_and_by_somebody(records: Database) -> None:
    save_contest(records, held(1, "patchcore/offline", "patchcore/gpt-4o"))

    with pytest.raises(RecordsError, match="Name the person"):
        save_choice(records, "C-1", 1, "  ")
    save_choice(records, "C-1", 1, " Ana ")
    with pytest.raises(RecordsError, match="a choice was made already"):
        save_choice(records, "C-1", 0, "Bo")

    chosen = contest(records, "C-1")
    assert (chosen.chosen, chosen.chosen_by) == (1, "Ana")
    assert chosen.chosen_at is not None


def test_win_rates_count_only_contests_with_a_choice_and_a_rival(records: Database) -> None:
    save_contest(records, held(1, "patchcore/offline", "patchcore/gpt-4o"))
    save_choice(records, "C-1", 1, "Ana")
    save_contest(records, held(2, "patchcore/offline", "efficientad/offline"))
    save_choice(records, "C-2", 0, "Ana")
    save_contest(records, held(3, "patchcore/offline", "patchcore/gpt-4o"))

    rates = {(rate.kind, rate.name): (rate.won, rate.decided) for rate in win_rates(records)}

    assert rates == {
        ("writer", "gpt-4o"): (1, 1),
        ("writer", "offline"): (0, 1),
        ("detector", "patchcore"): (1, 1),
        ("detector", "efficientad"): (0, 1),
    }


def with_failed(contest: Contest, *positions: int) -> Contest:
    """The contest, if the writers at these positions had failed and the composer had written."""
    contestants = list(contest.contestants)
    for position in positions:
        one = contestants[position]
        writing = one.writing.model_copy(update={"outcome": Outcome.FELL_BACK})
        contestants[position] = one.model_copy(update={"writing": writing})
    return contest.model_copy(update={"contestants": tuple(contestants)})


def test_a_report_that_the_composer_wrote_for_a_failed_writer_counts_for_no_writer(
    records: Database,
) -> None:
    three = ("patchcore/offline", "patchcore/gpt-4o", "patchcore/claude")
    # The failed one is chosen: nobody's own report was.
    save_contest(records, with_failed(held(1, *three), 1))
    save_choice(records, "C-1", 1, "Ana")
    # Its only rival failed: no choice between writers.
    save_contest(records, with_failed(held(2, *three[:2]), 1))
    save_choice(records, "C-2", 0, "Ana")
    # Two that wrote remain, and one of them is chosen.
    save_contest(records, with_failed(held(3, *three), 1))
    save_choice(records, "C-3", 2, "Ana")

    rates = {rate.name: (rate.won, rate.decided) for rate in win_rates(records)}

    assert rates == {"claude": (1, 1), "offline": (0, 1)}


def test_a_detector_is_chosen_also_where_its_writer_failed(records: Database) -> None:
    save_contest(records, with_failed(held(1, "patchcore/gpt-4o", "efficientad/gpt-4o"), 0, 1))
    save_choice(records, "C-1", 1, "Ana")

    rates = {(rate.kind, rate.name): rate.won for rate in win_rates(records)}

    assert rates == {("detector", "efficientad"): 1, ("detector", "patchcore"): 0}


def test_an_unknown_contest_is_said(records: Database) -> None:
    with pytest.raises(RecordsError, match="no comparison 'C-9'"):
        contest(records, "C-9")
