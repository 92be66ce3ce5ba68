"""Pictures of good parts on their way into a detector: checked, stored, embedded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.detection.base import OnProgress
from core.detection.checkpoints import TaughtImage
from core.domain import JobStep, Product
from core.domain.conditions import TaughtConditions
from core.domain.errors import ImageError
from core.domain.reading import Reading
from core.imaging.conditions import (
    Measured,
    least_light_among,
    least_light_of,
    measure,
    refuse_blank,
)
from core.imaging.decoding import checked_image
from core.imaging.near_duplicates import find_near_duplicates, signature
from core.imaging.picture_files import PictureFile
from core.records.decided import found_in_error
from core.retrieval.normals.exemplars import ExemplarIndex, Look, Normal
from core.services.station import Station

ASPECT_TOLERANCE = 0.05


@dataclass
class Normals:
    """Accepted normal pictures and what was computed of them.

    Attributes:
        reading: that they are read with.
        images: names and hashes, in the order of the looks and sizes.
        looks: for finding similar normals.
        sizes: width and height, in pixels.
        in_colour: whether each is in colour.
        bit_depths: how many bits each one's values use.
        measured: how each was taken.
        skipped: sentences that name pictures that could not be used, and why.
    """

    reading: Reading
    images: list[TaughtImage] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    in_colour: list[bool] = field(default_factory=list)
    bit_depths: list[int] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def notices(self) -> tuple[str, ...]:
        """List what the engineer should know of the pictures as a whole."""
        notices = []
        aspects = [width / height for width, height in self.sizes]
        if aspects and max(aspects) / min(aspects) > 1 + ASPECT_TOLERANCE:
            notices.append(
                "The pictures differ in shape (width over height from "
                f"{min(aspects):.2f} to {max(aspects):.2f}): crop them alike for sharper results."
            )
        if self.reading.least_peak and (self.reading.bits or 16) < 16:
            notices.append(
                f"Values in files of 16 bits are read as {self.reading.bits} bits (0 to "
                f"{self.reading.white}), here and when inspecting. If the camera's depth is "
                "another, state it and teach again."
            )
        if min(self.bit_depths, default=8) != max(self.bit_depths, default=8):
            notices.append(
                f"The pictures have values of {min(self.bit_depths)} to {max(self.bit_depths)} "
                "bits; all are scaled to the same brightness."
            )
        return tuple(notices)

    def only(self, kept: Sequence[int], why: Iterable[str]) -> Normals:
        """Return the pictures at these places, with further sentences on those left out."""
        return Normals(
            self.reading,
            images=[self.images[n] for n in kept],
            looks=[self.looks[n] for n in kept],
            sizes=[self.sizes[n] for n in kept],
            in_colour=[self.in_colour[n] for n in kept],
            bit_depths=[self.bit_depths[n] for n in kept],
            measured=[self.measured[n] for n in kept],
            skipped=[*self.skipped, *why],
        )

    def looked_at(self) -> list[Normal]:
        """Return the pictures, ready to be indexed by likeness."""
        return [
            Normal(image.sha256, image.filename, look)
            for image, look in zip(self.images, self.looks, strict=True)
        ]

    def index(self) -> ExemplarIndex:
        """Index the pictures by likeness."""
        return ExemplarIndex.of(self.looked_at())

    def figures(self) -> dict[str, float]:
        """Summarise sizes, colour and depth, as `core.imaging.acquisition` reads them."""
        widths, heights = zip(*self.sizes, strict=True)
        aspects = [width / height for width, height in self.sizes]
        return {
            "width_px_min": min(widths),
            "width_px_max": max(widths),
            "height_px_min": min(heights),
            "height_px_max": max(heights),
            "aspect_min": min(aspects),
            "aspect_max": max(aspects),
            "grey_pictures": self.in_colour.count(False),
            "colour_pictures": self.in_colour.count(True),
            "bit_depth_min": min(self.bit_depths),
            "bit_depth_max": max(self.bit_depths),
        }


class StoredPictures(Sequence[np.ndarray]):
    """Pictures of the file store, decoded when they are asked for.

    Its item access is not declared as two overloads: `typing.overload` would keep this module, and
    DuckDB with it, alive beyond the interpreter's end, which then complains on the screen.
    """

    def __init__(self, station: Station, images: Sequence[TaughtImage], reading: Reading) -> None:
        self._station = station
        self._images = images
        self._reading = reading

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401
        if isinstance(index, slice):
            return StoredPictures(self._station, self._images[index], self._reading)
        image = self._images[index]
        data = self._station.files.read(image.sha256)
        return checked_image(
            self._station.settings, data, image.filename, image.sha256, self._reading
        ).pixels


def check_pictures(
    station: Station,
    product: Product,
    pictures: Sequence[PictureFile],
    known: Sequence[TaughtImage],
    reading: Reading,
    on_progress: OnProgress,
    *,
    taught: TaughtConditions | None = None,
) -> Normals:
    """Check, store and embed each picture, naming those that are skipped.

    Args:
        station: where they are stored.
        product: that is taught; what was inspected in error as it is skipped.
        pictures: of good parts.
        known: pictures that the product has learned already; they are skipped as duplicates, also
            when they were saved again in another format, quality or size.
        reading: of the product's pictures.
        on_progress: called with the step's name and the share of it that is done.
        taught: how the known pictures were taken; None: it is not known.
    """
    normals = Normals(reading)
    in_error = found_in_error(station.records, product.key)
    names = {image.sha256: image.filename for image in known}
    names |= {image.pixels_sha256: image.filename for image in known if image.pixels_sha256}
    for done, picture in enumerate(pictures):
        on_progress(JobStep.CHECK_PICTURES, done / len(pictures))
        try:
            data = picture.read()
            image = checked_image(
                station.settings, data, picture.filename, picture.sha256 or None, reading
            )
            measured = measure(image.pixels)
            refuse_blank(measured, image.info.filename)
        except ImageError as error:
            normals.skipped.append(str(error))
            continue
        info = image.info
        if info.sha256 in in_error:
            normals.skipped.append(
                f"{info.filename} was recorded as inspected in error: it is never learned from."
            )
            continue
        of_pixels = _pixels_sha256(image.pixels)
        if info.sha256 in names:
            normals.skipped.append(f"{info.filename} is the same file as {names[info.sha256]}.")
            continue
        if of_pixels in names:
            normals.skipped.append(_duplicate_sentence(info.filename, names[of_pixels]))
            continue
        names |= {info.sha256: info.filename, of_pixels: info.filename}
        station.files.put(data, info.sha256)
        normals.looks.append(Look.of(image.pixels, station.visual_encoder))
        normals.sizes.append((info.width, info.height))
        normals.in_colour.append(image.in_colour)
        normals.bit_depths.append(info.bit_depth)
        normals.measured.append(measured)
        normals.images.append(
            TaughtImage(
                filename=info.filename, sha256=info.sha256, pixels_sha256=of_pixels, use="taught"
            )
        )
    normals = _without_blank(normals, taught)
    return _without_near_duplicates(station, normals, known)


def _without_near_duplicates(
    station: Station, normals: Normals, known: Sequence[TaughtImage]
) -> Normals:
    """Leave out the pictures that are known ones, or each other, saved again with losses."""
    if not normals.images:
        return normals
    images = [*known, *normals.images]
    signatures = [signature(pixels) for pixels in StoredPictures(station, known, normals.reading)]
    signatures += [look.signature for look in normals.looks]
    duplicates = find_near_duplicates(np.stack(signatures), len(known))
    kept = [n for n in range(len(normals.images)) if n + len(known) not in duplicates]
    return normals.only(
        kept,
        (
            _duplicate_sentence(images[new].filename, images[old].filename)
            for new, old in duplicates.items()
        ),
    )


def _without_blank(normals: Normals, taught: TaughtConditions | None) -> Normals:
    """Leave out pictures that are nearly dark or flat beside those taught, or beside each other."""
    if not normals.images:
        return normals
    least = least_light_among(normals.measured) if taught is None else least_light_of(taught)
    kept, why = [], []
    for place, (image, measured) in enumerate(zip(normals.images, normals.measured, strict=True)):
        try:
            refuse_blank(measured, image.filename, least)
            kept.append(place)
        except ImageError as error:
            why.append(str(error))
    return normals.only(kept, why)


def _duplicate_sentence(filename: str, kept: str) -> str:
    return f"{filename} shows the same picture as {kept}, saved again."


def _pixels_sha256(pixels: np.ndarray) -> str:
    return hashlib.sha256(f"{pixels.shape}".encode() + pixels.tobytes()).hexdigest()
