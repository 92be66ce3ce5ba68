"""Normal parts as evidence of a whole inspection, and what happens when they are lost."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from PIL import Image

from core.domain import EvidenceChoice, Inspection, InspectionRequest, Product
from core.imaging.picture_files import PictureFile, demo_normals
from core.infrastructure.settings import Settings
from core.interfaces.inspection_json import inspection_record
from core.records.events import list_events
from core.records.inspections import load_inspection
from core.records.products import save_product
from core.services.inspection import inspect
from core.services.inspection_images import compared_pairs, report_pdf
from core.services.station import Station
from core.services.teaching import teach
from core.tasks.shared_station import open_station

PRODUCT = Product(dataset="Plant", category="cell")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Settings:
    """Settings of a station that was taught twelve cells."""
    root = tmp_path_factory.mktemp("own")
    settings = Settings(
        data_dir=root / "data", ad_checkpoint_dir=root / "checkpoints", model_cache=model_cache
    )
    with open_station(settings) as station:
        teach(station, PRODUCT, demo_normals()[:12], options={"bank_size": 300})
    return settings


@pytest.fixture
def cells(own: Settings) -> Generator[Station]:
    with open_station(own) as station:
        yield station


def status(inspection: Inspection) -> dict[str, tuple[str, str]]:
    return {step.name: (step.status, step.reason) for step in inspection.steps}


def stored(station: Station, sha256: str) -> Path:
    return station.files.root / sha256[:2] / sha256


def test_each_defect_is_compared_and_on_record(
    cells: Station, defective_cells: list[PictureFile]
) -> None:
    inspection = inspect(cells, InspectionRequest(product=PRODUCT), defective_cells[0])

    assert status(inspection)["compare"] == ("ok", "")
    compared = [comparison.defect_id for comparison in inspection.comparisons]
    assert compared == [defect.id for defect in inspection.defects[:6]]
    assert inspection.likeness is not None
    assert inspection.likeness.nearest == inspection.exemplars[0].similarity
    assert load_inspection(cells.records, inspection.id) == inspection
    record = inspection_record(inspection)
    assert record["likeness"]["sentence"] == inspection.likeness.sentence()
    for pair in compared_pairs(cells, inspection):
        assert pair.pictures is not None
        assert all(picture.startswith(b"\x89PNG") for picture in pair.pictures)


def test_a_normal_re_encoded_is_no_evidence_for_itself(cells: Station, tmp_path: Path) -> None:
    taught = cells.taught(PRODUCT).card.images[0]
    with Image.open(stored(cells, taught.sha256)) as picture:
        small = picture.convert("RGB").resize((200, 200))
    small.save(tmp_path / "again.jpg", quality=80)

    inspection = inspect(
        cells, InspectionRequest(product=PRODUCT), PictureFile.at(tmp_path / "again.jpg")
    )

    assert taught.sha256 not in {exemplar.sha256 for exemplar in inspection.exemplars}
    assert "1 of the normals" in status(inspection)["exemplars"][1]
    assert "1 of the normals" in inspection_record(inspection)["step_notices"]["exemplars"]


def test_a_request_switches_each_retriever_off_and_on(
    own: Settings, defective_cells: list[PictureFile]
) -> None:
    with open_station(own.model_copy(update={"rag_enabled": False})) as station:
        choice = EvidenceChoice(exemplars=True, knowledge=False)
        asked = inspect(
            station, InspectionRequest(product=PRODUCT, evidence=choice), defective_cells[0]
        )
        plain = inspect(station, InspectionRequest(product=PRODUCT), defective_cells[0])

    assert len(asked.exemplars) == 3
    assert status(asked)["knowledge"] == ("off", "switched off for this inspection")
    assert plain.exemplars == plain.comparisons == ()
    assert plain.likeness is None
    assert inspection_record(plain)["off_steps"] == {"exemplars": "RAG_ENABLED is off"}


def test_a_vanished_picture_is_a_sentence_and_the_next_normal_is_compared(
    cells: Station, defective_cells: list[PictureFile]
) -> None:
    before = inspect(cells, InspectionRequest(product=PRODUCT), defective_cells[0])
    nearest = before.exemplars[0]
    path = stored(cells, nearest.sha256)
    data = path.read_bytes()
    path.unlink()
    try:
        pairs = compared_pairs(cells, before)
        after = inspect(cells, InspectionRequest(product=PRODUCT), defective_cells[0])
        assert report_pdf(cells, before).startswith(b"%PDF")
    finally:
        path.write_bytes(data)

    assert {pair.pictures for pair in pairs} == {None}
    assert all("is missing from" in pair.problem for pair in pairs)
    assert after.comparisons[0].exemplar_sha256 == before.exemplars[1].sha256
    assert f"{nearest.filename} is not compared with" in status(after)["compare"][1]


def test_a_damaged_index_is_built_again_and_the_verdict_stands(
    own: Settings, defective_cells: list[PictureFile]
) -> None:
    with open_station(own) as station:
        before = inspect(station, InspectionRequest(product=PRODUCT), defective_cells[0])
        path = station.taught(PRODUCT).folder / "exemplars.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[:100])
    try:
        with open_station(own) as station:
            after = inspect(station, InspectionRequest(product=PRODUCT), defective_cells[0])
            events = [event.kind for event in list_events(station.records, PRODUCT.key)]
        with open_station(own) as station:
            later = inspect(station, InspectionRequest(product=PRODUCT), defective_cells[0])
        moved = own.model_copy(update={"data_dir": own.data_dir / "elsewhere"})
        with open_station(moved) as station:
            save_product(station.records, PRODUCT)
            lost = inspect(station, InspectionRequest(product=PRODUCT), defective_cells[0])
    finally:
        path.write_bytes(data)

    assert after.exemplars == before.exemplars
    assert after.judgement == before.judgement
    assert "built again from 12 of 12 stored" in status(after)["exemplars"][1]
    assert events[0] == "index replaced"
    assert "The one that was built again is used" in status(later)["exemplars"][1]
    assert lost.judgement == before.judgement
    assert status(lost)["exemplars"][0] == "failed"
    assert "none of its 12 normal pictures" in status(lost)["exemplars"][1]
