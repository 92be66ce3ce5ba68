"""A lot that was interrupted, or still runs, is found on the pages where it matters."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from core.domain import Job, JobState, JobStep
from core.records import jobs as recorded
from core.services.station import Station
from core.tasks.lot import InspectLot
from core.tasks.pictures import KeptPicture
from tests.pages.app import page, press, words

LOT = "20261124-093015-abc123"


@pytest.fixture
def running(empty: Station) -> Station:
    """A station whose lot is inspected at the moment: 3 of 12 pictures are done."""
    lot = InspectLot(product="Plant/plate", pictures=(KeptPicture(filename="a.png", sha256="a"),))
    job = Job(
        id=LOT,
        kind=lot.kind,
        title="Plant/plate, L-7",
        who="Ana",
        created_at=datetime.now(UTC),
        state=JobState.QUEUED,
    )
    recorded.add_job(empty.records, job, lot.model_dump_json())
    recorded.claim_next(empty.records, waited_for=False)
    recorded.save_progress(empty.records, LOT, JobStep.INSPECT_PICTURES.value, 3, 12)
    return empty


@pytest.fixture
def interrupted(running: Station) -> Station:
    """A station whose program ended while the lot was inspected."""
    recorded.interrupt_running(running.records)
    return running


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


@pytest.mark.usefixtures("running")
def test_a_new_tab_finds_the_running_lot() -> None:
    app = page("inspect")

    assert "Plant/plate, L-7, 12 pictures** · running" in words(app)
    assert "Show its results" in labels(app)
    assert len(app.get("progress")) == 1


@pytest.mark.usefixtures("running")
def test_a_lot_that_is_shown_is_not_shown_twice() -> None:
    assert words(page("inspect", job=LOT)).count("Plant/plate, L-7") == 1


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize("name", ["inspect", "review", "health"])
def test_an_interrupted_lot_is_shown_with_a_way_to_go_on(name: str) -> None:
    app = page(name)

    assert "3 of 12 pictures are done" in words(app)
    assert "Start again" in labels(app)
    assert not app.success, "nothing is green while a lot is left"


def test_it_goes_on_from_review(interrupted: Station) -> None:
    press(page("review"), "Start again")

    assert interrupted.jobs.job(LOT).state is not JobState.INTERRUPTED


def test_it_may_be_left_as_it_is(interrupted: Station) -> None:
    app = page("review")

    press(app, "Leave it")

    assert interrupted.jobs.job(LOT).state is JobState.CANCELLED
    assert "Plant/plate, L-7" not in words(app)
    assert [each.value for each in app.success]
    assert not interrupted.jobs.unfinished(InspectLot)
    assert interrupted.jobs.give_up(LOT).state is JobState.CANCELLED
