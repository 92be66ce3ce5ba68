"""Views of an inspected picture: what is seen where, on real cells."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from core.domain import EvidenceChoice, Inspection, InspectionRequest, Product
from core.domain.errors import RecordsError
from core.imaging.picture_files import PictureFile, demo_unseen_normals
from core.services.inspection import inspect
from core.services.inspection_images import picture
from core.services.station import Station
from core.services.viewer import Look, View, fitting_zoom, nearest_normal, view_picture, window_of


@pytest.fixture(scope="module")
def cell(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> Inspection:
    return inspect(demo_station, InspectionRequest(product=demo_product), defective_cells[0])


def seen(station: Station, inspection: Inspection, view: View) -> Image.Image:
    return Image.open(io.BytesIO(view_picture(station, inspection, view)))


def test_a_window_lies_in_the_picture_and_holds_its_place(cell: Inspection) -> None:
    defect = cell.defects[0]

    window = window_of(cell, View(place=defect.id, zoom=fitting_zoom(cell, defect.id)))

    assert window.x >= 0
    assert window.x + window.width <= cell.image.width
    x, y = defect.box.x + defect.box.width / 2, defect.box.y + defect.box.height / 2
    assert window.x <= x <= window.x + window.width
    assert window.y <= y <= window.y + window.height


def test_the_whole_picture_is_seen_unless_a_place_is_asked_for(cell: Inspection) -> None:
    window = window_of(cell, View())

    assert (window.x, window.y) == (0, 0)
    assert (window.width, window.height) == (cell.image.width, cell.image.height)
    assert fitting_zoom(cell, "") == 1


def test_regions_are_seen_where_they_are_called(cell: Inspection) -> None:
    def corner(place: str) -> tuple[int, int]:
        window = window_of(cell, View(place=place, zoom=3))
        return window.x, window.y

    assert corner("top left") == (0, 0)
    right, bottom = corner("bottom right")
    assert right == cell.image.width - round(cell.image.width / 3)
    assert bottom == cell.image.height - round(cell.image.height / 3)
    assert corner("top")[1] == 0
    assert corner("left")[0] == 0


def test_the_original_shows_the_picture_alone(demo_station: Station, cell: Inspection) -> None:
    shown = np.asarray(seen(demo_station, cell, View(Look.ORIGINAL)).convert("RGB"))
    part = Image.fromarray(picture(demo_station, cell)).resize(shown.shape[1::-1])

    # JPEG and enlargement change little; a line or a heat would change much.
    difference = np.abs(shown.astype(int) - np.asarray(part).astype(int))
    assert difference.mean() < 2
    assert np.percentile(difference, 99.9) < 25


def test_the_mask_is_white_grey_and_black(demo_station: Station, cell: Inspection) -> None:
    view = View(Look.MASK, contour=False, numbers=False)
    shown = np.asarray(seen(demo_station, cell, view).convert("L")).astype(int)
    judgement = cell.judgement
    anomaly_map = demo_station.files.read_map(cell.map_sha256)

    share = (anomaly_map >= judgement.map_t_low).mean()
    assert (shown > 64).mean() == pytest.approx(share, abs=0.01)
    share = (anomaly_map >= judgement.map_t_high).mean()
    assert (shown > 192).mean() == pytest.approx(share, abs=0.01)


def test_split_shows_two_of_the_same_size(demo_station: Station, cell: Inspection) -> None:
    one, two = (seen(demo_station, cell, View(look)) for look in (Look.OVERLAY, Look.SPLIT))

    assert two.height == one.height
    assert two.width > 2 * one.width


def test_blinking_changes_once_a_second_between_part_and_normal(
    demo_station: Station, cell: Inspection
) -> None:
    blinking = seen(demo_station, cell, View(Look.BLINK))

    assert (blinking.format, getattr(blinking, "n_frames", 1)) == ("GIF", 2)
    assert blinking.info["duration"] == 900
    assert blinking.info["loop"] == 0
    first = np.asarray(blinking.convert("L")).astype(int)
    blinking.seek(1)
    second = np.asarray(blinking.convert("L")).astype(int)
    assert first.shape == second.shape
    assert np.abs(first - second).mean() > 1


def test_a_part_without_defects_is_aligned_with_its_nearest_normal(
    demo_station: Station, demo_product: Product
) -> None:
    for candidate in demo_unseen_normals()[:5]:
        part = inspect(demo_station, InspectionRequest(product=demo_product), candidate)
        if not part.defects:
            break

    compared = nearest_normal(demo_station, part)

    assert part.comparisons == ()
    assert compared.exemplar_sha256 == part.exemplars[0].sha256
    assert (compared.crop.width, compared.crop.height) == (part.image.width, part.image.height)
    assert view_picture(demo_station, part, View(Look.BLINK)).startswith(b"GIF")


def test_without_a_normal_nothing_blinks(
    demo_station: Station, demo_product: Product, defective_cells: list[PictureFile]
) -> None:
    evidence = EvidenceChoice(exemplars=False, knowledge=False)
    alone = inspect(
        demo_station, InspectionRequest(product=demo_product, evidence=evidence), defective_cells[0]
    )

    with pytest.raises(RecordsError, match=r"No normal part was looked up for cell0010\.png"):
        view_picture(demo_station, alone, View(Look.BLINK))
