"""Labels from folders and signed reports, on real cells and the real road."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from core.domain import Disposition, Inspection, InspectionRequest, Product, RevisionKind
from core.domain.errors import ImageError, ProductError
from core.evaluation.temporary_station import temporary_station
from core.imaging.picture_files import PictureFile
from core.infrastructure.settings import Settings
from core.interfaces.inspection_json import inspection_record
from core.records.dispositions import add_disposition
from core.records.events import list_events
from core.records.inspections import load_inspection
from core.records.revisions import add_revision
from core.services.defect_labels import LabelledPicture, label_from_records, label_pictures
from core.services.inspection import inspect
from core.services.station import Station
from core.services.teaching import teach
from tests.evaluation.conftest import brushed_metal

METAL = Product(dataset="Plant", category="plate")


def drawn(number: int, kind: str) -> LabelledPicture:
    """Brushed metal with a bright scratch or a dark hole."""
    rng = np.random.default_rng(1000 + number)
    picture, mask = brushed_metal(rng), np.zeros((160, 160), np.uint8)
    x, y = (int(value) for value in rng.integers(40, 110, 2))
    for canvas, value in ((picture, 250 if kind == "scratch" else 5), (mask, 255)):
        if kind == "scratch":
            cv2.line(canvas, (x - 20, y - 12), (x + 20, y + 12), value, 3)
        else:
            cv2.circle(canvas, (x, y), 9, value, cv2.FILLED)
    data = cv2.imencode(".png", picture)[1].tobytes()
    name = f"{kind}{number}.png"
    return LabelledPicture(PictureFile.of(name, data), kind, lambda height, width: mask > 0)


@pytest.fixture(scope="module")
def metal_station(model_cache: Path):  # noqa: ANN201
    """A station that was taught brushed metal and shown twelve defects of each of two types."""
    rng = np.random.default_rng(0)
    normals = [
        PictureFile.of(f"{n}.png", cv2.imencode(".png", brushed_metal(rng))[1].tobytes())
        for n in range(30)
    ]
    with temporary_station(Settings(model_cache=model_cache)) as station:
        teach(station, METAL, normals)
        pictures = [drawn(n, kind) for n in range(12) for kind in ("scratch", "hole")]
        label_pictures(station, METAL, pictures, origin="drawn", by="Ana")
        yield station


def test_labelled_defects_name_those_to_come(metal_station: Station) -> None:
    for number, kind in ((50, "scratch"), (51, "hole"), (52, "scratch"), (53, "hole")):
        inspection = inspect(
            metal_station, InspectionRequest(product=METAL), drawn(number, kind).picture
        )

        first = inspection.defect_types[0]
        assert (first.defect_id, first.defect_type, first.rank) == ("D1", kind, 1)
        assert load_inspection(metal_station.records, inspection.id) == inspection
        assert inspection_record(inspection)["defect_types"][0]["defect_type"] == kind
        assert inspection.report is not None
        words = inspection.report.findings[0].probable_defect_type
        assert words.startswith(f"Candidates, the likeliest first: {kind}")
        assert words.endswith("not confirmed.")


def test_labels_say_where_they_come_from(metal_station: Station) -> None:
    crops = metal_station.labelled_crops(METAL)

    assert crops is not None
    assert crops.pictures() == {"hole": 12, "scratch": 12}
    assert {label.origin for label in crops.labels} == {"drawn"}
    assert all(metal_station.files.contains(label.sha256) for label in crops.labels)
    event = list_events(metal_station.records, METAL.key)[0]
    assert (event.kind, event.actor) == ("defects labelled", "Ana")


def test_what_cannot_be_used_is_named_and_the_rest_is_kept(metal_station: Station) -> None:
    def refuse(height: int, width: int) -> None:
        raise ImageError("The mask is no picture.")

    good = drawn(0, "hole")
    torn = LabelledPicture(PictureFile.of("torn.png", good.picture.read()[:99]), "hole", good.truth)
    placeless = LabelledPicture(good.picture, "hole", lambda height, width: None)
    maskless = LabelledPicture(good.picture, "hole", refuse)

    labelling = label_pictures(
        metal_station, METAL, [torn, placeless, maskless, good], origin="drawn", by="Ana"
    )

    assert len(labelling.skipped) == 3
    assert "torn.png" in labelling.skipped[0]
    assert "no mask" in labelling.skipped[1]
    assert labelling.crops.pictures() == {"hole": 12, "scratch": 12}, "labelled twice, kept once"
    with pytest.raises(ProductError, match=r"No labelled defect.*no mask"):
        label_pictures(metal_station, METAL, [placeless], origin="drawn", by="Ana")


def test_a_defect_that_the_detector_misses_is_cut_where_the_label_is(
    metal_station: Station,
) -> None:
    plain = brushed_metal(np.random.default_rng(99))
    mask = np.zeros((160, 160), bool)
    mask[60:90, 60:90] = True
    unseen = LabelledPicture(
        PictureFile.of("plain.png", cv2.imencode(".png", plain)[1].tobytes()),
        "hole",
        lambda height, width: mask,
    )

    labelling = label_pictures(metal_station, METAL, [unseen], origin="missed", by="Ana")

    (label,) = [label for label in labelling.crops.labels if label.origin == "missed"]
    assert not label.is_found


def sign(station: Station, inspection: Inspection, defect_type: str) -> None:
    assert inspection.report is not None
    findings = tuple(
        finding.model_copy(update={"probable_defect_type": defect_type})
        for finding in inspection.report.findings
    )
    report = inspection.report.model_copy(update={"findings": findings})
    add_revision(station.records, inspection.id, report, RevisionKind.SIGNED, "Ana")


def test_signed_reports_label_their_defects(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    named, voided, unnamed, free = (
        inspect(demo_station, InspectionRequest(product=demo_product), cell)
        for cell in defective_cells[20:24]
    )
    assert unnamed.report is not None
    add_revision(demo_station.records, unnamed.id, unnamed.report, RevisionKind.SIGNED, "Ana")
    sign(demo_station, named, "Finger interruption")
    sign(demo_station, voided, "crack")
    sign(demo_station, free, "looks odd to me")
    add_disposition(demo_station.records, voided.id, Disposition.VOID, "dust", "Ana")

    try:
        labelling = label_from_records(demo_station, demo_product, by="Ana")
    finally:
        # The demo product is shared with other tests.
        demo_station.labelled_path(demo_product).unlink(missing_ok=True)

    assert {label.defect_type for label in labelling.crops.labels} == {"finger_interruption"}
    assert {label.origin for label in labelling.crops.labels} == {named.id}
    assert labelling.added == len(named.defects)
    # Other tests sign reports on the demo product, too.
    skipped = {sentence.split()[3] for sentence in labelling.skipped}
    assert skipped & {named.id, voided.id, unnamed.id, free.id} == {unnamed.id, free.id}, (
        "a proposal that nobody confirmed is no label"
    )


def test_damaged_labels_fail_their_step_only(
    metal_station: Station, tmp_path: Path, model_cache: Path
) -> None:
    path = metal_station.labelled_path(METAL)
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[:50])
        inspection = inspect(
            metal_station, InspectionRequest(product=METAL), drawn(60, "hole").picture
        )
    finally:
        path.write_bytes(whole)

    (step,) = [step for step in inspection.steps if step.name == "defect types"]
    assert step.status == "failed"
    assert "label again" in step.reason
    assert inspection.defect_types == ()
    assert inspection.report is not None
