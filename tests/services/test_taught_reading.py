"""A product of 12-bit pictures: what its teaching learned of their depth holds at every door."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from core.domain import Inspection, InspectionRequest, Product, Refusal
from core.domain.reading import Reading
from core.evaluation.temporary_station import temporary_station
from core.imaging.picture_files import PictureFile
from core.infrastructure.settings import Settings
from core.records.inspections import load_inspection
from core.services.decoded_pictures import DecodedPictures
from core.services.inspection import inspect, inspect_all
from core.services.station import Station
from core.services.teaching import teach

PRODUCT = Product(dataset="Plant", category="x-ray")
REQUEST = InspectionRequest(product=PRODUCT)


def shades(seed: int) -> np.ndarray:
    """A grainy plate of 8 bits with a bright rim, so that all of them reach about one value."""
    grain = np.random.default_rng(seed).normal(0, 12, (160, 160)) + 120
    grain[:6] = 250
    return np.clip(grain, 0, 255).astype(np.uint8)


def plate(seed: int, bits: int) -> PictureFile:
    """A plate as a camera of so many bits writes it; its file does not say how many."""
    values = shades(seed)
    deep = np.round(values.astype(float) * (2**bits - 1) / 255).astype(np.uint16)
    return PictureFile.of(
        f"plate{seed}.png", bytes(imagecodecs.png_encode(values if bits == 8 else deep))
    )


@pytest.fixture(scope="module")
def deep(model_cache: Path) -> Generator[Station]:
    """A station whose product was taught from 12-bit values in files of 16 bits."""
    with temporary_station(Settings(model_cache=model_cache, domain_rag_enabled=False)) as station:
        teach(station, PRODUCT, [plate(seed, 12) for seed in range(6)])
        yield station


def test_the_card_keeps_the_depth_and_teaching_says_it(deep: Station) -> None:
    card = deep.taught(PRODUCT).card

    assert card.reading == Reading(bits=12, least_peak=round(250 * 4095 / 255))
    assert "are read as 12 bits (0 to 4095)" in card.notices[0]
    assert (card.figures["bit_depth_min"], card.figures["bit_depth_max"]) == (12, 12)


def test_a_picture_of_that_depth_is_judged_as_one_of_8_bits(deep: Station) -> None:
    alike, shallow = (inspect(deep, REQUEST, plate(7, bits)) for bits in (12, 8))

    assert alike.image.notices == ()
    assert alike.judgement == shallow.judgement
    assert "values of 8 bits, but those taught of 12" in shallow.image.notices[0]


def test_a_picture_of_another_depth_is_refused(deep: Station) -> None:
    (outcome,) = inspect_all(deep, REQUEST, [plate(7, 14)])

    assert isinstance(outcome, Refusal)
    assert "those taught have 12 bits (0 to 4095)" in outcome.sentence


def test_what_is_shown_later_is_what_was_judged(deep: Station) -> None:
    inspection = inspect(deep, REQUEST, plate(8, 12))

    recorded: Inspection = load_inspection(deep.records, inspection.id)
    normal = deep.taught(PRODUCT).card.images[0]
    decoded = DecodedPictures(deep)
    shown = decoded.pixels(normal.sha256, normal.filename, recorded.image.reading)
    assert recorded.image == inspection.image
    np.testing.assert_array_equal(decoded.of(recorded)[:, :, 0], shades(8))
    np.testing.assert_array_equal(shown[:, :, 0], shades(int(normal.filename[5])))
