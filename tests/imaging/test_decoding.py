from __future__ import annotations

import contextlib
import io

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from core.domain.errors import ImageError
from core.imaging.decoding import CheckedImage, checked_image
from core.imaging.encoding import encode_png, thumbnail_png
from core.imaging.picture_files import PictureFile
from core.infrastructure.settings import Settings

LIMITS = Settings(max_image_bytes=2**20, max_image_pixels=200_000)


def picture(height: int = 40, width: int = 60) -> np.ndarray:
    """Colour gradients whose four corners differ."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 4, y * 6, (x + y) * 2], axis=2).astype(np.uint8)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def load(data: bytes, name: str) -> CheckedImage:
    return checked_image(LIMITS, data, name)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("PNG", "a.png"),
        ("BMP", "a.BMP"),
        ("TIFF", "a.tif"),
        ("TIFF", "a.tiff"),
        ("PNG", "no-suffix"),
    ],
)
def test_lossless_formats_come_through_unchanged(kind: str, name: str) -> None:
    loaded = load(encoded(Image.fromarray(picture()), kind), name)

    np.testing.assert_array_equal(loaded.pixels, picture())
    assert (loaded.info.width, loaded.info.height, loaded.info.bit_depth) == (60, 40, 8)
    assert loaded.info.format == kind
    assert loaded.info.notices == ()


@pytest.mark.parametrize(("kind", "name"), [("JPEG", "a.jpeg"), ("WEBP", "a.webp")])
def test_lossy_formats_come_close(kind: str, name: str) -> None:
    loaded = load(encoded(Image.fromarray(picture()), kind, quality=95), name)

    assert np.abs(loaded.pixels.astype(int) - picture()).mean() < 4


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGBA", "CMYK"])
def test_modes_become_rgb(mode: str) -> None:
    image = Image.fromarray(picture()).convert(mode)
    kind, name = ("JPEG", "a.jpg") if mode == "CMYK" else ("PNG", "a.png")

    loaded = load(encoded(image, kind), name)

    assert loaded.pixels.shape == (40, 60, 3)
    assert loaded.info.bit_depth == (1 if mode == "1" else 8)
    wanted = np.array(image.convert("RGB")).astype(int)
    assert np.abs(loaded.pixels - wanted).mean() < 4


def test_transparent_parts_become_white_and_are_noticed() -> None:
    image = Image.fromarray(picture()).convert("RGBA")
    alpha = np.zeros(image.size[::-1], np.uint8)
    alpha[:, :5] = 255
    image.putalpha(Image.fromarray(alpha))

    loaded = load(encoded(image, "PNG"), "a.png")

    assert (loaded.pixels[:, 5:] == 255).all()
    assert np.array_equal(loaded.pixels[:, :5], picture()[:, :5])
    assert "transparent" in loaded.info.notices[0]


def test_a_picture_that_is_opaque_all_over_is_not_called_transparent() -> None:
    loaded = load(encoded(Image.fromarray(picture()).convert("RGBA"), "PNG"), "a.png")

    assert loaded.info.notices == ()
    np.testing.assert_array_equal(loaded.pixels, picture())


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_grey_and_colour_are_told_apart(mode: str) -> None:
    image = Image.fromarray(picture()).convert(mode).convert("RGB")

    assert load(encoded(image, "JPEG"), "a.jpg").in_colour == (mode == "RGB")
    assert load(encoded(image, "WEBP"), "a.webp").in_colour == (mode == "RGB")


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("channels", [2, 5])
def test_a_tiff_of_other_channels_than_a_picture_has(channels: int, planar: str) -> None:
    axis = 2 if planar == "contig" else 0
    layers = np.stack([picture()[:, :, 0]] * channels, axis=axis)
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, layers, photometric="minisblack", planarconfig=planar)

    with pytest.raises(ImageError, match=f"a.tif has {channels} channels that do not make"):
        load(buffer.getvalue(), "a.tif")


def test_any_damage_to_a_tiff_is_said_in_a_sentence() -> None:
    whole = encoded(Image.fromarray(picture()), "TIFF")
    rng = np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(whole)
        for place in rng.choice(np.r_[4:12, len(whole) - 150 : len(whole)], 3):
            data[place] = rng.integers(256)
        with contextlib.suppress(ImageError):
            load(bytes(data), "a.tif")


def test_a_picture_of_one_colour_is_refused() -> None:
    with pytest.raises(ImageError, match=r"cap.png is of one colour all over"):
        load(encoded(Image.new("RGB", (40, 30), (3, 3, 3)), "PNG"), "cap.png")


@pytest.mark.parametrize(("suffix", "channels"), [("png", 1), ("png", 3), ("tiff", 1), ("tiff", 3)])
def test_16_bits_are_scaled_alike_in_every_picture(suffix: str, channels: int) -> None:
    deep = picture().astype(np.uint16) * 257
    deep = deep[:, :, 0] if channels == 1 else deep
    data = cv2.imencode(f".{suffix}", deep if channels == 1 else deep[:, :, ::-1])[1].tobytes()

    loaded = load(data, f"a.{suffix}")

    wanted = picture() if channels == 3 else np.repeat(picture()[:, :, :1], 3, axis=2)
    np.testing.assert_array_equal(loaded.pixels, wanted)
    assert loaded.info.bit_depth == 16
    assert loaded.info.notices == ()


def test_a_12_bit_picture_is_noticed() -> None:
    data = cv2.imencode(".png", picture()[:, :, 0].astype(np.uint16) * 16)[1].tobytes()

    assert "lowest 12 of its 16 bits" in load(data, "a.png").info.notices[0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_made_upright(orientation: int) -> None:
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = Image.fromarray(picture())
    if orientation in undo:
        stored = stored.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation

    loaded = load(encoded(stored, "PNG", exif=exif), "a.png")

    np.testing.assert_array_equal(loaded.pixels, picture())


PNG = encoded(Image.fromarray(picture()), "PNG")
FRAMES = [Image.fromarray(picture()), Image.fromarray(picture()[::-1].copy())]


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (b"", "a.png", r"a\.png is empty"),
        (b"hello, world" * 9, "a.png", r"a\.png is not a picture"),
        (PNG[: len(PNG) // 2], "a.png", r"a\.png is damaged or cut short"),
        (PNG, "a.jpg", r"a\.jpg holds a PNG picture but is named \.jpg"),
        (encoded(Image.fromarray(picture()), "GIF"), "a.gif", "is a GIF file"),
        (PNG + bytes(2**20), "a.png", "MAX_IMAGE_BYTES"),
        (encoded(Image.new("1", (5000, 5000)), "PNG"), "a.png", "5000 x 5000 .*MAX_IMAGE_PIXELS"),
        (encoded(Image.new("1", (20000, 20000)), "PNG"), "a.png", "a picture|MAX_IMAGE_PIXELS"),
        (encoded(Image.new("L", (8, 80)), "PNG"), "a.png", "8 x 80 pixels; at least 16"),
        (encoded(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:]), "a.webp", "2 frames"),
        (encoded(FRAMES[0], "TIFF", save_all=True, append_images=FRAMES[1:]), "a.tif", "2 frames"),
        (encoded(Image.new("F", (60, 40)), "TIFF"), "a.tif", "floating-point values of 32 bits"),
    ],
)
def test_what_cannot_be_used_is_said(data: bytes, name: str, sentence: str) -> None:
    with pytest.raises(ImageError, match=sentence):
        load(data, name)


def test_only_the_base_name_is_kept() -> None:
    assert load(PNG, "../../etc/a\n.png").info.filename == "a.png"
    assert load(PNG, "C:\\parts\\a.png").info.filename == "a.png"


def test_every_cut_of_a_real_picture_is_refused_or_whole(
    defective_cells: list[PictureFile],
) -> None:
    data = defective_cells[0].read()
    whole = load(data, "a.png").pixels
    for length in range(0, len(data), len(data) // 40):
        try:
            cut = load(data[:length], "a.png")
        except ImageError:
            continue
        np.testing.assert_array_equal(cut.pixels, whole)


def test_encoded_pixels_come_back() -> None:
    np.testing.assert_array_equal(load(encode_png(picture()), "a.png").pixels, picture())
    assert max(load(thumbnail_png(picture(), 30), "a.png").pixels.shape) == 30
