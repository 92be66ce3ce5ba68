"""A further version waits as a candidate, and what it would change is known before it judges."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.detection.checkpoints import active_version
from core.domain import Context, Disposition, EvidenceChoice, InspectionRequest, Product, Verdict
from core.domain.errors import ProductError
from core.evaluation.temporary_station import temporary_station
from core.imaging.picture_files import PictureFile, demo_normals, demo_unseen_normals
from core.infrastructure.settings import Settings
from core.records.dispositions import add_disposition
from core.records.events import list_events
from core.services.inspection import inspect
from core.services.known_defects import score_known_defects
from core.services.products import activate_version
from core.services.relearning import add_normals
from core.services.station import Station
from core.services.teaching import teach
from core.services.version_comparison import VersionComparison, compare_versions
from core.tasks.shared_station import open_station
from core.tasks.teaching import Teach, TeachingResult
from core.tasks.version_comparison import comparison_job
from tests.services.jobs.waiting import ended

PRODUCT = Product(dataset="ELPV", category="mono")
BARE = EvidenceChoice(exemplars=False, knowledge=False)


@pytest.fixture(scope="module")
def line(model_cache: Path, defective_cells: list[PictureFile]) -> Generator[Station]:
    """A station with a taught product, two known defects and a lot of two parts; only read."""
    with temporary_station(Settings(model_cache=model_cache, domain_rag_enabled=False)) as station:
        teach(station, PRODUCT, demo_normals()[:40])
        score_known_defects(station, PRODUCT, defective_cells[:2], by="Ana")
        for picture in (defective_cells[2], *demo_unseen_normals()[:1]):
            request = InspectionRequest(product=PRODUCT, context=Context(lot="L-1"), evidence=BARE)
            inspect(station, request, picture)
        error = inspect(
            station,
            InspectionRequest(product=PRODUCT, context=Context(lot="L-1"), evidence=BARE),
            demo_unseen_normals()[1],
        )
        add_disposition(station.records, error.id, Disposition.IN_ERROR, "another part", "Ana")
        yield station


def test_a_candidate_that_knows_the_defects_is_shown_to_miss_them(
    line: Station, defective_cells: list[PictureFile]
) -> None:
    judging = active_version(line.settings, PRODUCT)
    pictures = [*demo_normals()[:40], *defective_cells[:3]]
    worse = teach(line, PRODUCT, pictures, options={"bank_size": 9000})
    assert active_version(line.settings, PRODUCT) == judging
    assert list_events(line.records, PRODUCT.key)[0].detail["candidate"] is True

    compared = compare_versions(line, PRODUCT, worse.version)

    old, new = compared.judging, compared.candidate
    assert (old.version, new.version) == (judging, worse.version)
    assert (compared.known, old.found) == (2, 2)
    assert new.found < old.found
    assert old.normals == new.normals - 1 == 12
    assert compared.lot == "L-1"
    assert compared.parts is not None
    assert len(compared.parts.parts) == 2
    assert [skipped.sentence for skipped in compared.parts.skipped] == [
        "It was inspected in error: another part."
    ]
    assert (Verdict.FAIL, Verdict.PASS, 1) in compared.changed
    assert active_version(line.settings, PRODUCT) == judging
    with pytest.raises(ProductError, match="judges already"):
        compare_versions(line, PRODUCT, judging)


def test_a_part_of_another_product_is_not_learned_by_accident(line: Station) -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (300, 300, 3), dtype=np.uint8)
    other = PictureFile.of("board.png", cv2.imencode(".png", noise)[1].tobytes())

    with pytest.raises(ProductError, match=r"Unlike everything that ELPV/mono .*board\.png"):
        add_normals(line, PRODUCT, [other], by="Ana")
    with pytest.raises(ProductError, match="a person must say so"):
        add_normals(line, PRODUCT, [other], confirmed="it is one")
    usual = add_normals(line, PRODUCT, demo_unseen_normals()[4:6], by="Ana")
    assert usual.notices == ()
    in_error = add_normals(line, PRODUCT, demo_unseen_normals()[1:3], by="Ana").skipped
    assert in_error == (
        f"{demo_unseen_normals()[1].filename} was recorded as inspected in error: it is never "
        "learned from.",
    )

    card = add_normals(line, PRODUCT, [other], by="Ana", confirmed="the new board")

    assert "Ana confirmed that it shows a good part: the new board" in card.notices[0]
    event = list_events(line.records, PRODUCT.key)[0]
    assert event.detail["unlike, confirmed"] == "the new board"
    assert active_version(line.settings, PRODUCT) != card.version


def test_the_scale_of_a_candidate_holds_once_it_judges(station: Station) -> None:
    teach(station, PRODUCT, demo_normals()[:6], options={"bank_size": 100})
    scaled = PRODUCT.model_copy(update={"mm_per_px": 0.5})

    card = teach(station, scaled, demo_normals()[:7], options={"bank_size": 100})

    assert station.product(PRODUCT.key).mm_per_px is None
    activate_version(station, PRODUCT, card.version, by="Ana", reason="scale")
    assert station.product(PRODUCT.key).mm_per_px == 0.5


def test_a_job_that_makes_a_candidate_has_it_compared(
    station_settings: Settings, defective_cells: list[PictureFile]
) -> None:
    with open_station(station_settings) as station:
        first = station.jobs.submit(Teach(folder=_folder(station, 6), product=PRODUCT.key), "one")
        result = ended(station, first.id).result_as(TeachingResult)
        assert result is not None
        assert not result.is_candidate
        second = station.jobs.submit(Teach(folder=_folder(station, 7), product=PRODUCT.key), "two")
        result = ended(station, second.id).result_as(TeachingResult)
        assert result is not None
        assert result.is_candidate
        candidate = active_version(station.settings, PRODUCT).model_copy(
            update={"version": result.version}
        )
        job = comparison_job(station, candidate)
        assert job is not None
        compared = ended(station, job.id).result_as(VersionComparison)

    assert compared is not None
    assert compared.candidate.version == candidate
    assert compared.parts is None


def _folder(station: Station, count: int) -> Path:
    folder = station.settings.data_dir / f"good-{count}"
    folder.mkdir(parents=True)
    for number, cell in enumerate(demo_normals()[:count]):
        (folder / f"{number}.png").write_bytes(cell.read())
    return folder
