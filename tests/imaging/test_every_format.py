"""Random pictures in every accepted format, depth, layout, orientation and compression."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import imagecodecs
import numpy as np
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.imaging.decoding import CheckedImage, checked_image
from core.infrastructure.settings import Settings

LIMITS = Settings()
ORIENTATION = 0x0112
# How an upright picture is stored, by the orientation that its file then states.
STORED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda shown: shown,
    2: lambda shown: shown[:, ::-1],
    3: lambda shown: shown[::-1, ::-1],
    4: lambda shown: shown[::-1],
    5: lambda shown: shown.swapaxes(0, 1),
    6: lambda shown: np.rot90(shown, 1),
    7: lambda shown: np.rot90(shown, 2).swapaxes(0, 1),
    8: lambda shown: np.rot90(shown, -1),
}
ORDERS: tuple[Literal["<", ">"], ...] = ("<", ">")
orientations = st.sampled_from(sorted(STORED))
bounded = settings(max_examples=40, deadline=None, derandomize=True, database=None)


class Noise(NamedTuple):
    """A picture of noise, by the numbers that it is drawn from: no two of its sides are alike."""

    height: int
    width: int
    channels: int
    seed: int

    def drawn(self) -> np.ndarray:
        """Draw it: uint8 (H, W) or (H, W, channels)."""
        size = (self.height, self.width, self.channels)
        picture = np.random.default_rng(self.seed).integers(0, 256, size, dtype=np.uint8)
        return picture[:, :, 0] if self.channels == 1 else picture


def noise(*channels: int) -> st.SearchStrategy[Noise]:
    return st.builds(
        Noise,
        st.integers(16, 33),
        st.integers(34, 50),
        st.sampled_from(channels),
        st.integers(0, 9999),
    )


def smooth(picture: np.ndarray) -> np.ndarray:
    """A picture without edges and of few colours, as lossy formats keep it nearly unchanged."""
    rows, columns = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]]
    shade = np.clip(rows * 3 + columns * 2 + picture.flat[0] // 4, 0, 255).astype(np.uint8)
    return shade if picture.ndim == 2 else np.stack([shade, 255 - shade, shade // 2], axis=2)


def read_twice(data: bytes, name: str) -> CheckedImage:
    """Read a file twice, with other things in the memory that is used: both must be the same."""
    first = checked_image(LIMITS, data, name)
    _dirt = np.full(first.pixels.shape, 171, np.uint16)
    del _dirt
    np.testing.assert_array_equal(checked_image(LIMITS, data, name).pixels, first.pixels)
    return first


def in_rgb(picture: np.ndarray) -> np.ndarray:
    return np.repeat(picture[:, :, None], 3, axis=2) if picture.ndim == 2 else picture


def saved(picture: np.ndarray, kind: str, orientation: int = 1, **options: Any) -> bytes:  # noqa: ANN401
    stored = np.ascontiguousarray(STORED[orientation](picture))
    if kind in {"PNG", "JPEG", "WEBP", "AVIF"}:
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        options["exif"] = exif
    buffer = io.BytesIO()
    Image.fromarray(stored).save(buffer, kind, **options)
    return buffer.getvalue()


@bounded
@given(
    picture=noise(1, 3),
    bits=st.sampled_from([8, 10, 12, 14, 16]),
    orientation=orientations,
    compression=st.sampled_from([None, "lzw", "zlib", "packbits", "zstd", "lzma"]),
    with_predictor=st.booleans(),
    planar=st.booleans(),
    tile=st.sampled_from([None, (16, 16), (32, 16)]),
    rows=st.sampled_from([None, 1, 7]),
    white_is_zero=st.booleans(),
    big=st.booleans(),
    order=st.sampled_from(ORDERS),
    with_thumbnail=st.booleans(),
)
def test_tiff(
    picture: Noise,
    bits: int,
    orientation: int,
    compression: str | None,
    with_predictor: bool,
    planar: bool,
    tile: tuple[int, int] | None,
    rows: int | None,
    white_is_zero: bool,
    big: bool,
    order: Literal["<", ">"],
    with_thumbnail: bool,
) -> None:
    shown = picture.drawn()
    stored = np.ascontiguousarray(STORED[orientation](shown))
    packed = bits not in (8, 16)
    values = stored if bits == 8 else np.round(stored * ((2**bits - 1) / 255)).astype(np.uint16)
    photometric = "rgb"
    if shown.ndim == 2:
        photometric = "miniswhite" if white_is_zero else "minisblack"
        values = 2**bits - 1 - values if white_is_zero else values
    if planar and shown.ndim == 3:
        values = np.moveaxis(values, 2, 0)
    predictor = with_predictor and compression in {"lzw", "zlib", "zstd"} and not packed
    buffer = io.BytesIO()
    # tifffile packs values rightly for the order of this machine only.
    with tifffile.TiffWriter(buffer, bigtiff=big, byteorder="<" if packed else order) as file:
        file.write(
            values,
            photometric=photometric,
            planarconfig=("separate" if planar else "contig") if shown.ndim == 3 else None,
            bitspersample=bits if packed else None,
            compression=None if packed else compression,
            predictor=predictor,
            tile=None if packed else tile,
            rowsperstrip=None if tile and not packed else rows,
            extratags=[(ORIENTATION, "H", 1, orientation, True)],
            metadata=None,
        )
        if with_thumbnail:
            small = np.ascontiguousarray(stored[::4, ::4])
            kind = "rgb" if shown.ndim == 3 else "minisblack"
            file.write(small, photometric=kind, subfiletype=1, metadata=None)

    loaded = read_twice(buffer.getvalue(), "a.tif")

    np.testing.assert_array_equal(loaded.pixels, in_rgb(shown))
    assert (loaded.info.bit_depth, loaded.info.notices) == (bits, ())


@bounded
@given(picture=noise(3), deep=st.booleans(), multiplied=st.booleans())
def test_transparency_in_tiff(picture: Noise, deep: bool, multiplied: bool) -> None:
    shown = picture.drawn()
    alpha = np.full(shown.shape[:2], 255, np.uint8)
    alpha[:8] = 0
    colours = shown * (alpha[:, :, None] > 0) if multiplied else shown
    values = np.dstack([colours, alpha]).astype(np.uint16) * (257 if deep else 1)
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        values if deep else values.astype(np.uint8),
        photometric="rgb",
        extrasamples=["assocalpha" if multiplied else "unassalpha"],
    )

    loaded = read_twice(buffer.getvalue(), "a.tiff")

    assert (loaded.pixels[:8] == 255).all()
    np.testing.assert_array_equal(loaded.pixels[8:], shown[8:])
    assert "transparent" in loaded.info.notices[0]


@bounded
@given(picture=noise(1, 3), orientation=orientations, mode=st.sampled_from(["", "P", "1"]))
def test_png_and_bmp(picture: Noise, orientation: int, mode: str) -> None:
    shown = picture.drawn()
    image = Image.fromarray(shown)
    if mode:
        image = image.convert("RGB").quantize(64) if mode == "P" else image.convert("1")
    stored = image.convert("RGB")
    expected = np.array(stored)

    for kind, name in (("PNG", "a.png"), ("BMP", "a.bmp"), ("WEBP", "a.webp")):
        turned = orientation if kind != "BMP" else 1
        options = {"lossless": True} if kind == "WEBP" else {}
        written = shown if not mode else np.array(image if mode == "1" else stored)
        loaded = read_twice(saved(written, kind, turned, **options), name)
        np.testing.assert_array_equal(loaded.pixels, expected)


@bounded
@given(picture=noise(1, 2, 3, 4))
def test_png_of_16_bits(picture: Noise) -> None:
    shown = picture.drawn()
    if shown.ndim == 3 and shown.shape[2] in {2, 4}:
        shown[:, :, -1] = 255
    data = bytes(imagecodecs.png_encode(shown.astype(np.uint16) * 257))

    loaded = read_twice(data, "a.png")

    colours = shown[:, :, 0] if shown.ndim == 3 and shown.shape[2] == 2 else shown
    np.testing.assert_array_equal(loaded.pixels, in_rgb(colours)[:, :, :3])
    assert (loaded.info.bit_depth, loaded.info.notices) == (16, ())


@bounded
@given(
    picture=noise(1, 3),
    bits=st.sampled_from([8, 10, 12, 16]),
    codec=st.sampled_from(["jp2", "j2k"]),
)
def test_jpeg_2000(picture: Noise, bits: int, codec: str) -> None:
    shown = picture.drawn()
    values = shown if bits == 8 else np.round(shown * ((2**bits - 1) / 255)).astype(np.uint16)
    data = imagecodecs.jpeg2k_encode(
        values, level=0, codecformat=codec, bitspersample=bits, reversible=True
    )

    loaded = read_twice(bytes(data), f"a.{codec}")

    np.testing.assert_array_equal(loaded.pixels, in_rgb(shown))
    assert loaded.info.bit_depth == bits


@settings(bounded, max_examples=24)
@given(
    picture=noise(1, 3),
    orientation=orientations,
    lossy=st.sampled_from(
        [
            ("JPEG", "a.jpg", {"quality": 95, "subsampling": 0}),
            ("JPEG", "a.jfif", {"quality": 95, "subsampling": 0, "progressive": True}),
            ("WEBP", "a.webp", {"quality": 95}),
            ("AVIF", "a.avif", {"quality": 95, "speed": 10}),
        ]
    ),
)
def test_lossy_formats(
    picture: Noise, orientation: int, lossy: tuple[str, str, dict[str, Any]]
) -> None:
    shown = picture.drawn()
    kind, name, options = lossy
    expected = smooth(shown)

    loaded = read_twice(saved(expected, kind, orientation, **options), name)

    assert loaded.pixels.shape[:2] == expected.shape[:2]
    assert np.abs(loaded.pixels.astype(int) - in_rgb(expected)).max() <= 12


@bounded
@given(picture=noise(1), deep_map=st.booleans())
def test_palettes_in_tiff(picture: Noise, deep_map: bool) -> None:
    indexes = picture.drawn()
    colours = np.random.default_rng(picture.seed).integers(0, 256, (256, 3))
    buffer = io.BytesIO()
    colour_map = (colours.T * (257 if deep_map else 1)).astype(np.uint16)
    tifffile.imwrite(buffer, indexes, photometric="palette", colormap=colour_map)

    np.testing.assert_array_equal(read_twice(buffer.getvalue(), "a.tif").pixels, colours[indexes])
