from __future__ import annotations

import os
from collections import Counter
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest

from core.detection.checkpoints import product_folder
from core.domain import (
    Context,
    Defect,
    Inspection,
    InspectionRequest,
    Judgement,
    Product,
    Refusal,
    RefusalKind,
    RevisionKind,
    Verdict,
    WriterChoice,
)
from core.domain.errors import (
    ImageError,
    NotTaughtError,
    ProductError,
    RecordsError,
    RequestError,
    WriterError,
)
from core.imaging.decoding import checked_image
from core.imaging.picture_files import PictureFile, demo_normals
from core.infrastructure.settings import Settings
from core.interfaces.inspection_json import inspection_record
from core.records.events import list_events
from core.records.inspections import load_inspection
from core.records.products import load_product
from core.records.revisions import add_revision
from core.records.search import count
from core.services.inspection import inspect, inspect_all
from core.services.inspection_images import overlay_png, picture, report_pdf
from core.services.listener import Listener
from core.services.station import Station
from core.tasks.shared_station import open_station


def test_a_defective_cell_goes_the_whole_road(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    early: list[tuple[Judgement, tuple[Defect, ...]]] = []

    inspection = inspect(
        demo_station,
        InspectionRequest(
            product=demo_product,
            context=Context(lot="L-7", serial="균열-1", station="EL-2", inspector="Zoë"),
        ),
        defective_cells[0],
        listener=Listener(on_verdict=lambda *seen: early.append(seen)),
    )

    assert inspection.judgement.verdict is Verdict.FAIL
    assert early == [(inspection.judgement, inspection.defects)]
    anomaly_map = demo_station.files.read_map(inspection.map_sha256)
    assert inspection.defects[0].peak == pytest.approx(anomaly_map.max())
    assert len(inspection.exemplars) == 3
    assert {snippet.dataset for snippet in inspection.snippets} == {"ELPV"}
    assert [step.status for step in inspection.steps] == ["ok"] * len(inspection.steps)
    report = inspection.report
    assert report is not None
    cited = {defect for finding in report.findings for defect in finding.defect_ids}
    assert cited == {defect.id for defect in inspection.defects}
    assert load_inspection(demo_station.records, inspection.id) == inspection
    assert report_pdf(demo_station, inspection).startswith(b"%PDF")


def test_verdict_agrees_with_the_map_it_is_shown_with(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    for cell in [*defective_cells[:12], *demo_normals()[:6]]:
        inspection = inspect(demo_station, InspectionRequest(product=demo_product), cell)
        anomaly_map = demo_station.files.read_map(inspection.map_sha256)
        peaks = [defect.peak for defect in inspection.defects]
        assert not peaks or max(peaks) == pytest.approx(anomaly_map.max())
        assert anomaly_map.shape == (inspection.image.height, inspection.image.width)
        assert bool(inspection.defects) == (inspection.judgement.verdict is not Verdict.PASS)


def test_reopened_after_a_restart_pixel_for_pixel(
    station_settings: Settings, demo_station: Station, demo_product: Product, defective_cells: list
) -> None:
    taught_elsewhere = station_settings.model_copy(
        update={"ad_checkpoint_dir": demo_station.settings.ad_checkpoint_dir}
    )
    with open_station(taught_elsewhere) as station:
        before = inspect(station, InspectionRequest(product=demo_product), defective_cells[1])
        pictures = picture(station, before), overlay_png(station, before, opacity=0.5)
        anomaly_map = station.files.read_map(before.map_sha256)
    with open_station(taught_elsewhere) as station:
        after = load_inspection(station.records, before.id)
        assert after == before
        np.testing.assert_array_equal(picture(station, after), pictures[0])
        np.testing.assert_array_equal(station.files.read_map(after.map_sha256), anomaly_map)
        assert overlay_png(station, after, opacity=0.5) == pictures[1]


def test_the_same_picture_scores_the_same_in_a_new_process_state(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    first = inspect(demo_station, InspectionRequest(product=demo_product), defective_cells[2])
    with_fresh_detector = Settings(
        data_dir=demo_station.settings.data_dir.parent / "again",
        ad_checkpoint_dir=demo_station.settings.ad_checkpoint_dir,
        model_cache=demo_station.settings.model_cache,
    )
    with open_station(with_fresh_detector) as station:
        second = inspect(station, InspectionRequest(product=demo_product), defective_cells[2])

    assert second.judgement == first.judgement
    assert second.defects == first.defects
    assert second.report == first.report


def test_a_refused_picture_is_an_event_and_loses_nothing(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    before = count(demo_station.records)
    cut = PictureFile.of("cut.png", defective_cells[0].read()[:5000])

    with pytest.raises(ImageError, match=r"cut\.png"):
        inspect(demo_station, InspectionRequest(product=demo_product), cut)

    assert count(demo_station.records) == before
    event = list_events(demo_station.records, subject="cut.png")[0]
    assert "cut.png" in event.detail["reason"]


def test_retrievers_can_be_switched_off(
    station_settings: Settings, demo_station: Station, demo_product: Product, defective_cells: list
) -> None:
    off = station_settings.model_copy(
        update={
            "ad_checkpoint_dir": demo_station.settings.ad_checkpoint_dir,
            "rag_enabled": False,
            "domain_rag_enabled": False,
        }
    )
    with open_station(off) as station:
        inspection = inspect(station, InspectionRequest(product=demo_product), defective_cells[0])

    assert inspection.exemplars == inspection.snippets == ()
    reasons = {step.name: step.reason for step in inspection.steps if step.status == "off"}
    assert reasons == {
        "exemplars": "RAG_ENABLED is off",
        "knowledge": "DOMAIN_RAG_ENABLED is off",
        "defect types": "DOMAIN_RAG_ENABLED is off",
    }
    assert inspection.report is not None


def test_a_failed_retriever_is_recorded_and_the_verdict_stands(
    station_settings: Settings,
    tmp_path: Path,
    demo_station: Station,
    demo_product: Product,
    defective_cells: list,
) -> None:
    (tmp_path / "knowledge.json").write_text('{"ELPV": oops}')
    broken = station_settings.model_copy(
        update={
            "ad_checkpoint_dir": demo_station.settings.ad_checkpoint_dir,
            "knowledge_file": tmp_path / "knowledge.json",
        }
    )
    with open_station(broken) as station:
        inspection = inspect(station, InspectionRequest(product=demo_product), defective_cells[0])
        kept = load_inspection(station.records, inspection.id)

    step = next(step for step in kept.steps if step.name == "knowledge")
    assert step.status == "failed"
    assert "line 1" in step.reason
    assert kept.judgement.verdict is Verdict.FAIL
    assert "knowledge" in inspection_record(kept)["failed_steps"]


def test_unknown_product_and_product_without_detector(
    station: Station, defective_cells: list[PictureFile]
) -> None:
    with pytest.raises(ProductError, match="No/such"):
        load_product(station.records, "No/such")
    untaught = Product(dataset="No", category="detector")
    with pytest.raises(ProductError, match="no detector yet"):
        inspect(station, InspectionRequest(product=untaught), defective_cells[0])
    assert not product_folder(station.settings, untaught).exists()


def test_an_edit_is_a_new_revision_and_the_draft_stays(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    inspection = inspect(demo_station, InspectionRequest(product=demo_product), defective_cells[3])
    assert inspection.report is not None
    edited = inspection.report.model_copy(update={"summary": "Riss bestätigt, 균열 확인"})

    add_revision(demo_station.records, inspection.id, edited, RevisionKind.EDITED, "J. Müller")

    kept = load_inspection(demo_station.records, inspection.id)
    assert [revision.kind for revision in kept.revisions] == ["drafted", "edited"]
    assert kept.report == edited
    assert kept.revisions[0] == inspection.revisions[0]
    assert report_pdf(demo_station, kept, 1) != report_pdf(demo_station, kept, 2)
    with pytest.raises(RecordsError, match="no revision 9"):
        report_pdf(demo_station, kept, 9)


def test_kept_picture_is_the_very_file(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    inspection = inspect(demo_station, InspectionRequest(product=demo_product), defective_cells[4])
    data = demo_station.files.read(inspection.image.sha256)

    assert data == defective_cells[4].read()
    again = checked_image(demo_station.settings, data, "x.png")
    np.testing.assert_array_equal(again.pixels, picture(demo_station, inspection))


def test_a_picture_that_changes_while_it_is_read_is_kept_as_it_was_judged(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    first, second = defective_cells[5].read(), demo_normals()[0].read()
    contents = cycle([first, second])
    changing = PictureFile("changing.png", lambda: next(contents))

    inspection = inspect(demo_station, InspectionRequest(product=demo_product), changing)

    assert demo_station.files.read(inspection.image.sha256) == first
    assert next(contents) == second, "it was read once"


def test_each_picture_is_decoded_once_for_an_inspection_and_once_for_its_pdf(
    demo_station: Station,
    demo_product: Product,
    defective_cells: list[PictureFile],
    decoded: Counter[str],
) -> None:
    demo_station.exemplars(demo_product)
    decoded.clear()

    inspection = inspect(demo_station, InspectionRequest(product=demo_product), defective_cells[0])

    assert inspection.comparisons, "it was compared with a normal part"
    assert decoded[defective_cells[0].filename] == 1
    assert set(decoded.values()) == {1}
    decoded.clear()
    report_pdf(demo_station, inspection)
    normals = {exemplar.filename for exemplar in inspection.exemplars}
    assert decoded == Counter({defective_cells[0].filename, *normals})


def test_what_cannot_be_used_never_stops_the_rest(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    def break_down() -> bytes:
        raise ZeroDivisionError("by chance")

    pictures = [
        PictureFile.of("notes.txt", b"no picture"),
        PictureFile("broken.png", break_down),
        defective_cells[0],
    ]

    torn, broken, good = inspect_all(
        demo_station, InspectionRequest(product=demo_product), pictures
    )

    assert isinstance(torn, Refusal)
    assert (torn.filename, torn.kind) == ("notes.txt", RefusalKind.PICTURE)
    assert "not a picture that can be read" in torn.sentence
    assert isinstance(broken, Refusal)
    assert (broken.kind, broken.error) == (RefusalKind.UNFORESEEN, "ZeroDivisionError")
    assert broken.sentence.startswith("broken.png could not be inspected")
    assert isinstance(good, Inspection)
    assert load_inspection(demo_station.records, good.id) == good


def test_what_would_meet_every_picture_stops_before_the_first(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    before = count(demo_station.records)
    untaught = Product(dataset="No", category="detector")
    for request, error in (
        (InspectionRequest(product=untaught), ProductError),
        (InspectionRequest(product=demo_product, detector="winclip"), NotTaughtError),
        (
            InspectionRequest(product=demo_product, writing=WriterChoice(writer="gpt-9")),
            WriterError,
        ),
        (InspectionRequest(product=demo_product, context=Context(serial="7")), RequestError),
    ):
        with pytest.raises(error):
            inspect_all(demo_station, request, defective_cells[:6])

    assert count(demo_station.records) == before


def test_a_disk_that_is_full_stops_the_rest(
    empty_settings: Settings,
    demo_station: Station,
    demo_product: Product,
    defective_cells: list[PictureFile],
) -> None:
    taught = {"ad_checkpoint_dir": demo_station.settings.ad_checkpoint_dir}
    empty_settings.data_dir.mkdir(parents=True)
    empty_settings.files_dir.write_text("in the way of every picture")
    with open_station(empty_settings.model_copy(update=taught)) as station:
        outcomes = inspect_all(
            station, InspectionRequest(product=demo_product), defective_cells[:3]
        )

        with pytest.raises(RecordsError):
            next(outcomes)
        assert list(outcomes) == []


def test_a_name_that_is_no_text_is_no_reason_to_stop(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile], tmp_path: Path
) -> None:
    path = tmp_path / os.fsdecode(b"\xb0\xa1.png")
    path.write_bytes(defective_cells[0].read())
    gone = tmp_path / os.fsdecode(b"\xb0\xa2.png")

    found, missing = inspect_all(
        demo_station,
        InspectionRequest(product=demo_product),
        [PictureFile.at(path), PictureFile.at(gone)],
    )

    assert isinstance(found, Inspection)
    assert found.image.filename == "%B0%A1.png"
    assert isinstance(missing, Refusal)
    assert (missing.filename, missing.kind) == ("%B0%A2.png", RefusalKind.PICTURE)
