"""Normals that are added to a product that was taught already."""

from __future__ import annotations

import pytest

from core.detection.checkpoints import activate
from core.domain import InspectionRequest, Product
from core.domain.errors import ProductError
from core.imaging.picture_files import PictureFile, demo_normals
from core.services.inspection import inspect
from core.services.relearning import add_normals
from core.services.station import Station
from core.services.teaching import teach

PRODUCT = Product(dataset="ELPV", category="mono")


@pytest.fixture
def cells() -> list[PictureFile]:
    return demo_normals()


def test_a_false_alarm_becomes_a_normal(
    station: Station, cells: list[PictureFile], defective_cells: list[PictureFile]
) -> None:
    first = teach(station, PRODUCT, cells[:60])
    stranger = defective_cells[0]
    before = inspect(station, InspectionRequest(product=PRODUCT), stranger).judgement
    bank = station.taught(PRODUCT).detector.save()["bank.safetensors"]

    card = add_normals(station, PRODUCT, [stranger], by="Ana", confirmed="a bus bar")
    assert station.taught(PRODUCT).card == first, "a candidate does not judge"
    activate(station.settings, PRODUCT, card.detector)

    after = inspect(station, InspectionRequest(product=PRODUCT), stranger).judgement
    assert after.score < 0.8 * before.score
    assert card.detector.version > first.detector.version
    assert card.held_out == first.held_out == after.false_alarm.held_out
    assert len(card.images) == 61
    grown = station.taught(PRODUCT).detector.save()["bank.safetensors"]
    assert len(bank) < len(grown) < 1.3 * len(bank)
    assert len(station.exemplars(PRODUCT).index.sha256s) == 61


def test_known_pictures_are_not_learned_twice(station: Station, cells: list[PictureFile]) -> None:
    card = teach(station, PRODUCT, cells[:10])

    with pytest.raises(ProductError, match="No picture is new to ELPV/mono"):
        add_normals(station, PRODUCT, cells[:3])

    assert station.taught(PRODUCT).card == card


def test_without_held_out_normals_nothing_is_added(
    station: Station, cells: list[PictureFile]
) -> None:
    teach(station, PRODUCT, cells[:10], cross_fit=True)

    with pytest.raises(ProductError, match="cross-fitted"):
        add_normals(station, PRODUCT, cells[10:11])
