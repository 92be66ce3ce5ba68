"""Pictures that were saved again are known, whatever the format; other pictures are kept."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from core.detection.checkpoints import read_card
from core.domain import Product
from core.domain.errors import ProductError
from core.imaging.near_duplicates import SIGNATURE_LENGTH, near_duplicates, signature
from core.imaging.picture_files import PictureFile, demo_normals, pictures_at
from core.services.relearning import add_normals
from core.services.station import Station
from core.services.teaching import teach

PRODUCT = Product(dataset="Plant", category="part")


def saved_again(
    picture: PictureFile, file_format: str, *, scale: float = 1, **options: int
) -> PictureFile:
    image = Image.open(io.BytesIO(picture.read()))
    if scale != 1:
        image = image.resize((round(image.width * scale), round(image.height * scale)))
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    stem = Path(picture.filename).stem
    return PictureFile.of(f"{stem}-again.{file_format.lower()}", buffer.getvalue())


AGAIN = {
    "without loss": lambda picture: saved_again(picture, "TIFF"),
    "JPEG": lambda picture: saved_again(picture, "JPEG", quality=75),
    "WebP": lambda picture: saved_again(picture, "WEBP", quality=80),
    "half size": lambda picture: saved_again(picture, "PNG", scale=0.5),
}


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_pictures_saved_again_are_not_added(
    station: Station, again: Callable[[PictureFile], PictureFile]
) -> None:
    cells = demo_normals()[:12]
    card = teach(station, PRODUCT, cells)

    with pytest.raises(ProductError, match=r"No picture is new .* shows the same picture as cell"):
        add_normals(station, PRODUCT, [again(cell) for cell in cells])

    assert station.taught(PRODUCT).card == card


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_near_duplicates_are_taught_once(
    station: Station, again: Callable[[PictureFile], PictureFile]
) -> None:
    cells = demo_normals()[:8]

    card = teach(station, PRODUCT, [*cells, *map(again, cells[:3])])

    assert [image.filename for image in card.images] == [cell.filename for cell in cells]
    assert len(card.skipped) == 3
    assert f"shows the same picture as {cells[0].filename}, saved again" in card.skipped[0]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("bottle", marks=pytest.mark.slow),
        "cookie",
        pytest.param("transistor", marks=pytest.mark.slow),
    ],
)
def test_real_parts_that_look_alike_are_all_kept(
    station: Station, real_data: Callable[[str], Path], name: str
) -> None:
    pictures = pictures_at([real_data(name) / "train" / "good"])[:120]

    card = teach(station, PRODUCT, pictures, options={"bank_size": 50})

    assert card.skipped == ()


def grain(rng: np.random.Generator, sigma: float) -> np.ndarray:
    light = np.linspace(130, 170, 600)
    return (light + rng.normal(0, sigma, (600, 600))).clip(0, 255).astype(np.uint8)


def fixture(rng: np.random.Generator, sigma: float) -> np.ndarray:
    """One and the same drawing under a noisy camera: parts in a fixture that never moves."""
    part = np.full((300, 300), 90, np.float32)
    for start in range(20, 280, 40):
        cv2.rectangle(part, (start, 30), (start + 15, 270), 180, -1)
    # Parts differ a little; at 32 x 32 pixels by less than half a grey level.
    shade = cv2.GaussianBlur(rng.normal(0, sigma, part.shape), (0, 0), 12)
    return (part + shade + rng.normal(0, 2, part.shape)).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("draw", "sigma"), [(grain, 1), (grain, 3), (fixture, 8)])
def test_pictures_that_differ_little_are_all_kept(
    station: Station, draw: Callable[[np.random.Generator, float], np.ndarray], sigma: float
) -> None:
    rng = np.random.default_rng(0)
    pictures = [
        PictureFile.of(f"{n}.png", cv2.imencode(".png", draw(rng, sigma))[1].tobytes())
        for n in range(8)
    ]

    card = teach(station, PRODUCT, pictures, options={"bank_size": 50})

    assert card.skipped == ()


def test_a_card_without_hashes_of_pixels_still_loads_and_knows_its_pictures(
    station: Station,
) -> None:
    cells = demo_normals()[:8]
    teach(station, PRODUCT, cells)
    taught = station.taught(PRODUCT)
    older = taught.card.model_dump(mode="json")
    for image in older["images"]:
        del image["pixels_sha256"]
    (taught.folder / "card.json").write_text(json.dumps(older))

    assert read_card(station.settings, PRODUCT).images[0].pixels_sha256 is None
    again = [saved_again(cells[0], "TIFF")]
    station.close()
    with Station(station.settings) as reopened, pytest.raises(ProductError, match="same picture"):
        add_normals(reopened, PRODUCT, again)


def copies_of(pixels: np.ndarray) -> list[np.ndarray]:
    """The picture as JPEG of several qualities, and at other sizes."""
    height, width = pixels.shape[:2]

    def resized(scale: float, interpolation: int) -> np.ndarray:
        size = (round(width * scale), round(height * scale))
        return cv2.resize(pixels, size, interpolation=interpolation)

    half, double = resized(0.5, cv2.INTER_AREA), resized(2, cv2.INTER_CUBIC)
    larger = resized(1.5, cv2.INTER_CUBIC)
    encoded = [(pixels, 95), (pixels, 50), (pixels, 30), (half, 75), (larger, 90), (double, 75)]
    return [half, double, *(as_jpeg(picture, quality) for picture, quality in encoded)]


def as_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.array(Image.open(buffer))


@pytest.mark.parametrize("name", ["bottle", "cookie", "transistor", "magnetic_tile"])
def test_copies_are_near_duplicates_and_neighbours_are_not(
    name: str, real_data: Callable[[str], Path]
) -> None:
    paths = sorted((real_data(name) / "train" / "good").iterdir())
    pictures = [np.array(Image.open(path).convert("RGB")) for path in paths]
    signatures = np.stack([signature(pixels) for pixels in pictures])

    for position in range(0, len(pictures), 12):
        same = near_duplicates(signatures, signatures[position])
        assert np.flatnonzero(same).tolist() == [position]
        for copy in copies_of(pictures[position]):
            found = near_duplicates(signatures, signature(copy))
            assert found[position], (name, paths[position].name)


def test_two_surfaces_of_one_product_are_told_apart_by_their_detail() -> None:
    """Sheets of grain in two lights: within a light they hardly differ at 16 x 16 fields."""
    rng = np.random.default_rng(0)
    sheets = [np.repeat(grain(rng, 3)[:, :, None], 3, axis=2) // (1 + n % 2) for n in range(8)]
    signatures = np.stack([signature(sheet) for sheet in sheets])

    for number, one in enumerate(signatures):
        assert np.flatnonzero(near_duplicates(signatures, one)).tolist() == [number]


def test_a_strip_of_one_pixel_has_a_signature_too() -> None:
    strip = np.random.default_rng(0).integers(0, 255, (400, 1, 3), np.uint8)

    assert np.isfinite(signature(strip)).all()
    assert signature(strip).shape == (SIGNATURE_LENGTH,)
