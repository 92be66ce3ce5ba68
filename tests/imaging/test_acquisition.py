"""Pictures that were not taken as those taught: it is noticed, and nothing false is measured."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.detection.checkpoints import activate, read_card
from core.domain import Inspection, InspectionRequest, Product
from core.domain.conditions import Unlikeness
from core.domain.errors import ImageError, ProductError
from core.evaluation.temporary_station import temporary_station
from core.imaging.acquisition import joined
from core.imaging.picture_files import PictureFile
from core.infrastructure.settings import Settings
from core.records.events import list_events
from core.records.inspections import load_inspection
from core.services.inspection import inspect
from core.services.products import change_policy
from core.services.relearning import add_normals
from core.services.station import Station
from core.services.teaching import teach

PRODUCT = Product(dataset="Plant", category="plate")
COLOUR = (60, 120, 200)


def plate(seed: int, *, colour: bool = True, size: tuple[int, int] = (160, 160)) -> PictureFile:
    """A grainy plate; a grey one is written as a picture of one channel."""
    grain = np.random.default_rng(seed).normal(0, 12, (160, 160, 1))
    pixels = np.clip(grain + (COLOUR if colour else 120), 0, 255).astype(np.uint8)
    scaled = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return PictureFile.of(f"plate{seed}.png", cv2.imencode(".png", scaled)[1].tobytes())


def marked(size: tuple[int, int]) -> PictureFile:
    """A plate with a black spot."""
    pixels = cv2.imdecode(np.frombuffer(plate(9).read(), np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    cv2.circle(pixels, (100, 60), 20, (0, 0, 0), -1)
    scaled = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return PictureFile.of("marked.png", cv2.imencode(".png", scaled)[1].tobytes())


@pytest.fixture(params=[True, False], ids=["colour", "grey"])
def in_colour(request: pytest.FixtureRequest) -> bool:
    return request.param


@pytest.fixture(scope="module")
def scaled(model_cache: Path) -> Generator[Station]:
    """A station whose product has a scale."""
    with temporary_station(Settings(model_cache=model_cache)) as station:
        product = PRODUCT.model_copy(update={"mm_per_px": 0.5})
        teach(station, product, [plate(seed) for seed in range(6)])
        yield station


def notices(inspection: Inspection) -> str:
    return " ".join(inspection.image.notices)


def test_grey_and_colour_are_not_mixed_up_in_silence(station: Station, in_colour: bool) -> None:
    teach(station, PRODUCT, [plate(seed, colour=in_colour) for seed in range(6)])

    alike = inspect(station, InspectionRequest(product=PRODUCT), plate(7, colour=in_colour))
    other = inspect(station, InspectionRequest(product=PRODUCT), plate(8, colour=not in_colour))

    this, those = ("grey", "in colour") if in_colour else ("in colour", "grey")
    assert alike.image.notices == ()
    assert f"This picture is {this}, but those taught are {those}" in notices(other)
    assert load_inspection(station.records, other.id).image.notices == other.image.notices


def test_a_product_taught_with_both_takes_both(station: Station) -> None:
    teach(station, PRODUCT, [plate(seed) for seed in range(6)])
    both = add_normals(station, PRODUCT, [plate(9, colour=False)], by="Ana", confirmed="grey")
    activate(station.settings, PRODUCT, both.detector)

    figures = read_card(station.settings, PRODUCT).figures
    assert (figures["grey_pictures"], figures["colour_pictures"]) == (1, 6)
    assert (
        inspect(station, InspectionRequest(product=PRODUCT), plate(8, colour=False)).image.notices
        == ()
    )


@pytest.mark.parametrize("size", [(80, 80), (320, 320), (160, 120)], ids=str)
def test_another_size_is_noticed_and_nothing_is_measured_in_mm(
    scaled: Station, size: tuple[int, int]
) -> None:
    request = InspectionRequest(product=scaled.product(PRODUCT.key))

    same = inspect(scaled, request, marked(size=(160, 160)))
    cropped = inspect(scaled, request, marked(size=(158, 163)))
    other = inspect(scaled, request, marked(size=size))

    assert same.image.notices == cropped.image.notices == ()
    assert [defect.area_mm2 for defect in same.defects] == [
        pytest.approx(defect.area_px * 0.25) for defect in same.defects
    ]
    assert same.defects
    assert other.defects
    assert {defect.area_mm2 for defect in other.defects} == {None}
    assert f"has {size[0]} x {size[1]} pixels, but those taught 160 x 160" in notices(other)
    assert "No area is given in mm²" in notices(other)
    assert other.product.mm_per_px is None


def test_without_a_scale_no_area_in_mm_is_spoken_of(station: Station) -> None:
    teach(station, PRODUCT, [plate(seed) for seed in range(6)])

    seen = notices(inspect(station, InspectionRequest(product=PRODUCT), plate(8, size=(80, 80))))

    assert "80 x 80 pixels" in seen
    assert "mm²" not in seen


def test_a_range_of_sizes_that_was_taught_is_taken(station: Station) -> None:
    sizes = [(120, 160), (160, 160), (200, 160)]
    teach(station, PRODUCT, [plate(seed, size=sizes[seed % 3]) for seed in range(6)])

    assert (
        inspect(
            station, InspectionRequest(product=PRODUCT), plate(7, size=(180, 160))
        ).image.notices
        == ()
    )
    wide = inspect(station, InspectionRequest(product=PRODUCT), plate(8, size=(300, 160)))
    assert "those taught 120 to 200 x 160" in notices(wide)


def test_a_card_that_does_not_know_goes_on_not_knowing() -> None:
    added = {"width_px_min": 90, "width_px_max": 120, "grey_pictures": 2}

    assert joined({"width_px_min": 100, "width_px_max": 110}, added) == {
        "width_px_min": 90,
        "width_px_max": 120,
    }


def test_what_is_unlike_is_told_and_what_shows_nothing_is_refused(station: Station) -> None:
    dark = PictureFile.of("dark.png", _darkened(plate(9), 0.04))
    card = teach(station, PRODUCT, [*(plate(seed) for seed in range(6)), dark])
    request = InspectionRequest(product=PRODUCT)

    assert len(card.images) == 6
    assert "dark.png is nearly dark" in " ".join(card.skipped)
    assert card.conditions is not None
    assert card.conditions.pictures == 6
    assert inspect(station, request, plate(7)).image.unlike == ()
    darker = inspect(station, request, PictureFile.of("d.png", _darkened(plate(8), 0.6)))
    assert [each.kind for each in darker.image.unlike] == [Unlikeness.DARKER]
    assert load_inspection(station.records, darker.id).image == darker.image
    with pytest.raises(ImageError, match=r"dark\.png is nearly dark"):
        inspect(station, request, dark)
    refused = list_events(station.records, "dark.png")
    assert [event.kind for event in refused] == ["picture refused"]

    further = [PictureFile.of("d.png", _darkened(plate(8), 0.6)), dark]
    more = add_normals(station, PRODUCT, further, confirmed="another lamp", by="Ana")
    assert more.conditions is not None
    assert more.conditions.pictures == 7
    assert len(more.skipped) == 1


def test_one_scale_is_refused_for_pictures_of_several_sizes(station: Station) -> None:
    sizes = [(120, 160), (160, 160)]
    mixed = [plate(seed, size=sizes[seed % 2]) for seed in range(6)]
    scaled = PRODUCT.model_copy(update={"mm_per_px": 0.5})

    with pytest.raises(ProductError, match=r"120 to 160 x 160 pixels, so 0\.5 mm per pixel"):
        teach(station, scaled, mixed)

    teach(station, PRODUCT, mixed)
    with pytest.raises(ProductError, match="Leave the scale out"):
        change_policy(station, PRODUCT, {"mm_per_px": 0.5}, by="Ana", reason="ruler")
    # As a station may have been taught before that was refused.
    seen = inspect(station, InspectionRequest(product=scaled), marked(size=(160, 160)))
    assert {defect.area_mm2 for defect in seen.defects} == {None}
    assert "No area is given in mm²: the pictures taught have 120 to 160 x 160" in notices(seen)


def test_pictures_of_another_size_are_not_added_to_a_scaled_product(scaled: Station) -> None:
    with pytest.raises(ProductError, match="160 to 320 x 160 to 320 pixels"):
        add_normals(scaled, scaled.product(PRODUCT.key), [plate(20, size=(320, 320))])


def _darkened(picture: PictureFile, share: float) -> bytes:
    pixels = cv2.imdecode(np.frombuffer(picture.read(), np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return cv2.imencode(".png", (pixels * share).astype(np.uint8))[1].tobytes()
