"""Known defects: who is one, and what the active version says of them; on real cells."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from core.detection.checkpoints import activate
from core.domain import Disposition, InspectionRequest, Product
from core.domain.errors import ProductError
from core.imaging.picture_files import PictureFile, demo_normals
from core.records.decided import known_defects
from core.records.dispositions import add_disposition
from core.records.events import list_events
from core.services.inspection import inspect
from core.services.known_defects import score_known_defects
from core.services.relearning import add_normals
from core.services.station import Station
from core.services.teaching import teach
from core.tasks.pictures import keep_pictures
from core.tasks.registry import task_of
from tests.services.jobs.waiting import ended, nobody_judges

PRODUCT = Product(dataset="ELPV", category="mono")


@pytest.fixture
def taught(station: Station) -> Station:
    teach(station, PRODUCT, demo_normals()[:12], options={"bank_size": 200})
    return station


def scores(station: Station) -> dict[str, float | None]:
    version = station.taught(PRODUCT).card.detector.version
    return {
        each.filename: each.score for each in known_defects(station.records, PRODUCT.key, version)
    }


def test_the_newest_decision_on_a_picture_counts(
    taught: Station, defective_cells: list[PictureFile]
) -> None:
    first, second, third = (
        inspect(taught, InspectionRequest(product=PRODUCT), cell) for cell in defective_cells[:3]
    )
    add = partial(add_disposition, taught.records)
    add(first.id, Disposition.SCRAP, "crack", "Ana")
    add(second.id, Disposition.SCRAP, "crack", "Ana")
    add(third.id, Disposition.USE_AS_IS, "fine", "Ana")
    add(second.id, Disposition.VOID, "dust after all", "Ben")
    again = inspect(taught, InspectionRequest(product=PRODUCT), defective_cells[0])
    add(again.id, Disposition.REINSPECT, "look again", "Ben")

    assert scores(taught) == {first.image.filename: first.judgement.score}


def test_a_new_version_scores_the_known_ones_anew(
    taught: Station, defective_cells: list[PictureFile]
) -> None:
    seen = inspect(taught, InspectionRequest(product=PRODUCT), defective_cells[0])
    add_disposition(taught.records, seen.id, Disposition.SCRAP, "crack", "Ana")
    done = score_known_defects(taught, PRODUCT, defective_cells[1:3], by="Ana")
    assert (done.added, done.scored, done.skipped) == (2, 2, ())
    before = scores(taught)
    assert before[seen.image.filename] == seen.judgement.score

    further = add_normals(taught, PRODUCT, demo_normals()[12:20], by="Ana", confirmed="usual")
    activate(taught.settings, PRODUCT, further.detector)
    assert set(scores(taught).values()) == {None}
    done = score_known_defects(taught, PRODUCT, [], by="")

    assert (done.added, done.scored) == (0, 3)
    after = scores(taught)
    assert after.keys() == before.keys()
    expected = inspect(
        taught, InspectionRequest(product=PRODUCT), defective_cells[1]
    ).judgement.score
    assert after[defective_cells[1].filename] == expected
    assert [event.detail for event in list_events(taught.records, PRODUCT.key)][-2:-1] == [
        {"added": 2}
    ]


def test_a_job_names_what_it_could_not_use(
    taught: Station, defective_cells: list[PictureFile]
) -> None:
    pictures = [defective_cells[0], PictureFile.of("torn.png", b"torn"), demo_normals()[0]]
    arguments = {
        "product": PRODUCT.key,
        "pictures": keep_pictures(taught, pictures),
        "by": "Ana",
    }

    job = ended(taught, taught.jobs.submit(task_of("score_defects", arguments), "Defects").id)

    assert job.error == ""
    assert (job.result["added"], job.result["scored"]) == (1, 1)
    torn, taught_with = job.result["skipped"]
    assert "torn.png is not a picture" in torn
    assert "is one of the good pictures" in taught_with
    assert [score is not None for score in scores(taught).values()] == [True]


def test_labelled_pictures_need_a_name(taught: Station, defective_cells: list[PictureFile]) -> None:
    with pytest.raises(ProductError, match="Name the person"):
        score_known_defects(taught, PRODUCT, defective_cells[:1], by=" ")

    assert scores(taught) == {}


def test_a_scoring_waits_its_turn(taught: Station, defective_cells: list[PictureFile]) -> None:
    taught.taught(PRODUCT)
    with ThreadPoolExecutor(1) as pool:
        with nobody_judges(taught):
            scoring = pool.submit(
                score_known_defects, taught, PRODUCT, defective_cells[:1], by="Ana"
            )
            with pytest.raises(TimeoutError):
                scoring.result(timeout=2)

        assert scoring.result().scored == 1
