"""Pictures of 10 to 16 bits, floating-point values and raw Bayer pictures of a product."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile

from core.domain.errors import ImageError
from core.domain.reading import UNSTATED, Reading
from core.imaging.decoding import checked_image, survey
from core.imaging.decoding.depth import learned_reading
from core.infrastructure.settings import Settings

SETTINGS = Settings()
GREY = np.random.default_rng(0).integers(20, 256, (40, 60), dtype=np.uint8)


def png(values: np.ndarray, significant: int | None = None) -> bytes:
    data = bytes(imagecodecs.png_encode(values))
    if significant is None:
        return data
    chunk = b"sBIT" + bytes([significant])
    stated = struct.pack(">I", 1) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return data[:33] + stated + data[33:]


def tiff(values: np.ndarray, **options: Any) -> bytes:  # noqa: ANN401
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, photometric="minisblack", **options)
    return buffer.getvalue()


def in_16(bits: int) -> np.ndarray:
    """The grey picture as a camera of so many bits writes it into 16."""
    return np.round(GREY.astype(float) * (2**bits - 1) / 255).astype(np.uint16)


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize(
    "written",
    [
        lambda values, bits: png(values, bits),
        lambda values, bits: tiff(values, extratags=[(281, "H", 1, 2**bits - 1, True)]),
        lambda values, bits: tiff(values, extratags=[(341, "H", 1, 2**bits - 1, True)]),
        lambda values, bits: imagecodecs.jpeg2k_encode(values, level=0, bitspersample=bits),
    ],
    ids=["sBIT", "MaxSampleValue", "SMaxSampleValue", "JPEG 2000"],
)
def test_a_depth_that_the_file_states_is_its_scale(
    bits: int, written: Callable[[np.ndarray, int], bytes]
) -> None:
    loaded = checked_image(SETTINGS, written(in_16(bits), bits), "a")

    np.testing.assert_array_equal(loaded.pixels[:, :, 0], GREY)
    assert loaded.info.bit_depth == bits
    assert loaded.info.notices == ()


def test_values_that_were_scaled_up_are_not_scaled_again() -> None:
    data = png(in_16(12) << 4, 12)

    loaded = checked_image(SETTINGS, data, "a.png")

    assert np.abs(loaded.pixels[:, :, 0].astype(int) - GREY).max() <= 1


@pytest.mark.parametrize(("bits", "peak"), [(12, 4095), (14, 12000), (10, 700)])
def test_the_pictures_taught_tell_a_depth_that_no_file_states(bits: int, peak: int) -> None:
    reading = learned_reading([peak, peak - 90, peak - 20], [], UNSTATED)

    assert (reading.bits, reading.least_peak) == (bits, peak - 90)


@pytest.mark.parametrize("bits", [12, 14])
def test_a_picture_of_the_depth_taught_is_read_as_one_of_8_bits(bits: int) -> None:
    data = png(in_16(bits))
    peak = survey(SETTINGS, data, "a.png").peak
    assert peak is not None

    loaded = checked_image(SETTINGS, data, "a.png", reading=learned_reading([peak], [], UNSTATED))

    np.testing.assert_array_equal(loaded.pixels[:, :, 0], GREY)
    assert (loaded.info.bit_depth, loaded.info.notices) == (bits, ())


@pytest.mark.parametrize(("taught", "came"), [(12, 14), (12, 16), (14, 12), (16, 12)])
def test_a_picture_of_another_depth_is_refused(taught: int, came: int) -> None:
    reading = learned_reading([int(in_16(taught).max())], [], UNSTATED)

    with pytest.raises(ImageError, match=f"a.png holds values up to .*{taught} bits"):
        checked_image(SETTINGS, png(in_16(came)), "a.png", reading=reading)


def test_a_few_pictures_of_another_depth_do_not_set_the_scale() -> None:
    reading = learned_reading([15800, 15900, 16000, 3950], [], UNSTATED)

    assert reading == Reading(bits=14, least_peak=15800)


def test_a_product_taught_in_8_bits_takes_no_depth_that_it_must_guess() -> None:
    reading = learned_reading([], [], UNSTATED)

    with pytest.raises(ImageError, match="does not say how many bits"):
        checked_image(SETTINGS, png(in_16(12)), "a.png", reading=reading)
    np.testing.assert_array_equal(
        checked_image(SETTINGS, png(in_16(16)), "a.png", reading=reading).pixels[:, :, 0], GREY
    )


def test_what_a_person_states_of_the_depth_goes_before_the_range() -> None:
    reading = learned_reading([3900], [], Reading.stated(bits=14))

    assert (reading.bits, reading.least_peak) == (14, 3900)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16, np.uint32])
def test_values_without_a_white_need_a_range(kind: type[np.generic]) -> None:
    data = tiff(GREY.astype(kind))

    with pytest.raises(ImageError, match="State the lowest and the highest value when teaching"):
        checked_image(SETTINGS, data, "a.tif")
    loaded = checked_image(SETTINGS, data, "a.tif", reading=Reading.stated(low=0, high=255))

    np.testing.assert_array_equal(loaded.pixels[:, :, 0], GREY)
    assert loaded.info.notices == ()


def test_values_beyond_the_range_and_holes_are_said() -> None:
    values = GREY.astype(np.float32)
    values[0, :3] = np.nan, -5, 300

    loaded = checked_image(SETTINGS, tiff(values), "a.tif", reading=Reading.stated(low=0, high=255))

    assert loaded.pixels[0, :3, 0].tolist() == [0, 0, 255]
    assert "3 values beyond the range 0 to 255" in loaded.info.notices[0]


def test_a_range_in_the_files_is_taken_if_it_is_one() -> None:
    data = tiff(
        GREY.astype(np.float32),
        extratags=[(340, "f", 1, 0.0, True), (341, "f", 1, 255.0, True)],
    )
    span = survey(SETTINGS, data, "a.tif").span

    assert span == (0, 255)
    np.testing.assert_array_equal(checked_image(SETTINGS, data, "a.tif").pixels[:, :, 0], GREY)
    assert learned_reading([], [(0, 255)] * 2, UNSTATED).span == (0, 255)
    with pytest.raises(ImageError, match="state different ranges"):
        learned_reading([], [(0, 255), (0, 200)], UNSTATED)


@pytest.mark.parametrize("pattern", ["RGGB", "BGGR", "GRBG", "GBRG"])
@pytest.mark.parametrize("bits", [8, 12])
def test_raw_pictures_become_colour(pattern: str, bits: int) -> None:
    colour = cv2.resize(
        np.random.default_rng(1).integers(0, 256, (6, 8, 3), dtype=np.uint8), (160, 120)
    )
    rows, columns = np.mgrid[0:120, 0:160]
    channel = np.array(["RGB".index(letter) for letter in pattern])[rows % 2 * 2 + columns % 2]
    raw = np.take_along_axis(colour, channel[:, :, None], 2)[:, :, 0]
    if bits == 12:
        raw = raw.astype(np.uint16) * 16
    reading = Reading.stated(bits=12).model_copy(update={"bayer": pattern})

    loaded = checked_image(SETTINGS, png(raw), "a.png", reading=reading)

    off = np.abs(loaded.pixels[2:-2, 2:-2].astype(int) - colour[2:-2, 2:-2])
    assert off.mean() < 3


def test_a_raw_picture_that_names_no_pattern_is_refused() -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, GREY, photometric="cfa")

    with pytest.raises(ImageError, match="State the pattern when teaching"):
        checked_image(SETTINGS, buffer.getvalue(), "a.tif")
