"""What stands in a file beside plain pixels: further pages, profiles, other colours, damage."""

from __future__ import annotations

import base64
import io

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from core.domain.errors import ImageError
from core.imaging.decoding import CheckedImage, checked_image, marked
from core.infrastructure.settings import Settings

ROWS, COLUMNS = np.mgrid[0:32, 0:48]
DRAWN = np.stack([COLUMNS * 5, ROWS * 7, (COLUMNS + ROWS) * 3], axis=2).astype(np.uint8)
SMALL = np.ascontiguousarray(DRAWN[::4, ::4])
# DRAWN, as an encoder that is not installed here writes it.
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAA"
    "AAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABoQABAAAAAAAAAHMAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAA"
    "AAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA/WlwcnAAAADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34"
    "+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5"
    "uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAA"
    "AAAoY2xhcAAAADAAAAABAAAAIAAAAAH////wAAAAAv///+AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAA"
    "AAAAAAEAAQWBAgMFhAAAAHttZGF0AAAAbygBrwngPf7OEvB0b84Zu137G6g5UGzIt0UrqM8E/s6Odme77eA/1FQo"
    "HJMiCdQ+h+wwQ+5+HdwDFk8IsEi8CgM4yMfRb9XuuiwNcDJgX5VP5jzXZ2QUk0WLOdPucXSzHjS+3PcRqTeFaW/z"
    "2AIwng=="
)


def load(data: bytes, name: str) -> CheckedImage:
    return checked_image(Settings(), data, name)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def tiff(*pages: np.ndarray, subfiletypes: tuple[int, ...] = (0, 0), subifds: int = 0) -> bytes:
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as file:
        for number, (page, kind) in enumerate(zip(pages, subfiletypes, strict=False)):
            file.write(
                page,
                photometric="rgb",
                subfiletype=kind,
                subifds=subifds if number == 0 else None,
                metadata=None,
            )
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        tiff(DRAWN, SMALL, subfiletypes=(0, 1)),
        tiff(SMALL, DRAWN, subfiletypes=(1, 0)),
        tiff(DRAWN, SMALL, subfiletypes=(0, 1), subifds=1),
        tiff(SMALL, DRAWN, subfiletypes=(1, 0), subifds=1),
    ],
    ids=["behind", "before", "nested", "around"],
)
def test_a_thumbnail_is_not_the_picture(data: bytes) -> None:
    loaded = load(data, "a.tif")

    np.testing.assert_array_equal(loaded.pixels, DRAWN)
    assert loaded.info.notices == ()


def test_a_smaller_page_that_does_not_say_what_it_is_is_noticed() -> None:
    loaded = load(tiff(DRAWN, SMALL), "a.tif")

    np.testing.assert_array_equal(loaded.pixels, DRAWN)
    assert "a smaller picture" in loaded.info.notices[0]


def test_a_stack_of_imagej_is_many_pictures() -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, np.stack([DRAWN[:, :, 0]] * 5), imagej=True)

    with pytest.raises(ImageError, match="5 frames or pages"):
        load(buffer.getvalue(), "a.tif")


@pytest.mark.parametrize(("kind", "name"), [("PNG", "a.png"), ("AVIF", "a.avif")])
def test_an_animation_is_many_pictures(kind: str, name: str) -> None:
    frames = [Image.fromarray(DRAWN), Image.fromarray(DRAWN[::-1].copy())]

    with pytest.raises(ImageError, match="2 frames or pages"):
        load(saved(frames[0], kind, save_all=True, append_images=frames[1:]), name)


def test_heic_is_read() -> None:
    loaded = load(HEIC, "a.heic")

    assert loaded.info.format == "HEIF"
    assert np.abs(loaded.pixels.astype(int) - DRAWN).mean() < 8


@pytest.mark.parametrize("deep", [False, True])
def test_cmyk_of_any_depth_becomes_rgb(deep: bool) -> None:
    inks = np.dstack([255 - DRAWN, np.zeros_like(DRAWN[:, :, :1])])
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer, inks.astype(np.uint16) * 257 if deep else inks, photometric="separated"
    )

    np.testing.assert_array_equal(load(buffer.getvalue(), "a.tif").pixels, DRAWN)


@pytest.mark.parametrize(("kind", "name"), [("PNG", "a.png"), ("JPEG", "a.jpg"), ("TIFF", "a.tif")])
def test_colours_of_another_profile_become_srgb(kind: str, name: str) -> None:
    profile = bytes(imagecodecs.cms_profile("adobergb"))
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}

    loaded = load(saved(Image.fromarray(DRAWN), kind, icc_profile=profile, **options), name)

    expected = imagecodecs.cms_transform(
        DRAWN,
        profile,
        imagecodecs.cms_profile("srgb"),
        colorspace="rgb",
        outcolorspace="rgb",
    )
    assert np.abs(loaded.pixels.astype(int) - expected).mean() < 2
    assert np.abs(expected.astype(int) - DRAWN).mean() > 5
    assert loaded.info.notices == ()


def test_a_profile_of_srgb_changes_nothing_and_a_broken_one_is_noticed() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.fromarray(DRAWN)

    same = load(saved(image, "PNG", icc_profile=profile), "a.png")
    broken = load(saved(image, "PNG", icc_profile=b"no profile" * 20), "a.png")

    np.testing.assert_array_equal(same.pixels, DRAWN)
    np.testing.assert_array_equal(broken.pixels, DRAWN)
    assert same.info.notices == ()
    assert "colour profile that cannot be used" in broken.info.notices[0]


def test_what_is_not_read_is_refused_for_its_reason() -> None:
    lab = ImageCms.profileToProfile(
        Image.fromarray(DRAWN),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    assert lab is not None
    deep = bytes(imagecodecs.jpeg8_encode(DRAWN.astype(np.uint16) * 16, bitspersample=12))

    with pytest.raises(ImageError, match=r"a.tif holds colours .*CIELAB.*Export it as grey or"):
        load(saved(lab, "TIFF"), "a.tif")
    with pytest.raises(ImageError, match=r"a.jpg is a JPEG file of a kind .*12 bits a channel"):
        load(deep, "a.jpg")


NOISE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
FILES = {
    name: saved(Image.fromarray(NOISE), kind, **options)
    for name, kind, options in (
        ("a.png", "PNG", {}),
        ("a.jpg", "JPEG", {}),
        ("a.bmp", "BMP", {}),
        ("a.webp", "WEBP", {}),
        ("a.avif", "AVIF", {"speed": 10}),
        ("a.jp2", "JPEG2000", {}),
        ("a.tif", "TIFF", {"compression": "tiff_lzw"}),
        ("b.tif", "TIFF", {}),
    )
}


@pytest.mark.parametrize("name", FILES)
def test_a_cut_file_is_refused_or_whole(name: str) -> None:
    data = FILES[name]
    whole = load(data, name).pixels
    for length in range(1, len(data), len(data) // 12):
        try:
            cut = load(data[:length], name)
        except ImageError:
            continue
        np.testing.assert_array_equal(cut.pixels, whole)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_refused_or_reads_the_same_twice(name: str) -> None:
    rng = np.random.default_rng(1)

    def read(data: bytes) -> bytes:
        _dirt = np.full(NOISE.shape, rng.integers(256), np.uint8)
        del _dirt
        try:
            return load(data, name).pixels.tobytes()
        except ImageError as error:
            return str(error).encode()

    for _ in range(25):
        data = bytearray(FILES[name])
        for place in rng.integers(0, len(data), 4):
            data[place] = rng.integers(256)
        assert read(bytes(data)) == read(bytes(data))


@pytest.mark.parametrize("value", [1, 255, 257, 65535])
@pytest.mark.parametrize("kind", ["png", "tif"])
def test_a_mask_marks_whatever_is_above_0(value: int, kind: str) -> None:
    truth = np.zeros((20, 30), bool)
    truth[5:9, 7:20] = True
    values = truth * np.array(value, np.uint8 if value < 256 else np.uint16)
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values)
    data = bytes(imagecodecs.png_encode(values)) if kind == "png" else buffer.getvalue()

    np.testing.assert_array_equal(marked(Settings(), data, f"mask.{kind}"), truth)


def test_the_only_limit_of_pixels_is_the_setting() -> None:
    vast = saved(Image.new("1", (20000, 20000)), "BMP")[:200]

    with pytest.raises(ImageError, match=r"20000 x 20000 pixels.*MAX_IMAGE_PIXELS"):
        load(vast, "a.bmp")
    # Past it, the header is accepted, and the file found to be cut.
    with pytest.raises(ImageError, match=r"damaged or cut short.*truncated"):
        checked_image(Settings(max_image_pixels=500_000_000), vast, "a.bmp")
