"""Pictures of good parts on their way into a detector: checked, stored, embedded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.detection.base import OnProgress
from core.detection.checkpoints import TaughtImage
from core.errors import ImageError
from core.images import CheckedImage, load_image
from core.retrieval.exemplars import ExemplarIndex, Look, Normal
from core.sources import PictureFile
from core.workbench import Workbench

ASPECT_TOLERANCE = 0.05


@dataclass
class Normals:
    """Accepted normal pictures and what was computed of them.

    Attributes:
        images: names and hashes, in the order of the looks and sizes.
        looks: for finding similar normals.
        sizes: width and height, in pixels.
        skipped: sentences that name pictures that could not be used, and why.
    """

    images: list[TaughtImage] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def notices(self) -> tuple[str, ...]:
        """What the engineer should know of the pictures as a whole."""
        aspects = [width / height for width, height in self.sizes]
        if aspects and max(aspects) / min(aspects) > 1 + ASPECT_TOLERANCE:
            return (
                "The pictures differ in shape (width over height from "
                f"{min(aspects):.2f} to {max(aspects):.2f}): crop them alike for sharper results.",
            )
        return ()

    def looked_at(self) -> list[Normal]:
        """The pictures, ready to be indexed by likeness."""
        return [
            Normal(image.sha256, image.filename, look)
            for image, look in zip(self.images, self.looks, strict=True)
        ]

    def index(self) -> ExemplarIndex:
        """The pictures, ready to be searched by likeness."""
        return ExemplarIndex.of(self.looked_at())

    def figures(self) -> dict[str, float]:
        """Sizes for the card."""
        widths, heights = zip(*self.sizes, strict=True)
        return {
            "width_px_min": min(widths),
            "width_px_max": max(widths),
            "height_px_min": min(heights),
            "height_px_max": max(heights),
        }


class StoredPictures(Sequence[np.ndarray]):
    """Pictures of the file store, decoded when they are asked for.

    Its item access is not declared as two overloads: `typing.overload` would keep this module, and
    DuckDB with it, alive beyond the interpreter's end, which then complains on the screen.
    """

    def __init__(self, bench: Workbench, images: Sequence[TaughtImage]) -> None:
        self._bench = bench
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401
        if isinstance(index, slice):
            return StoredPictures(self._bench, self._images[index])
        image = self._images[index]
        data = self._bench.files.read(image.sha256)
        return _load(self._bench, data, image.filename).pixels


def check_pictures(
    bench: Workbench,
    pictures: Sequence[PictureFile],
    known: Sequence[TaughtImage],
    on_progress: OnProgress,
) -> Normals:
    """Check, store and embed each picture, naming those that are skipped.

    Args:
        bench: where they are stored.
        pictures: of good parts.
        known: pictures that the product has learned already; they are skipped as duplicates.
        on_progress: called with the step's name and the share of it that is done.
    """
    normals = Normals()
    first_names = {image.sha256: image.filename for image in known}
    for done, picture in enumerate(pictures):
        on_progress("Check the pictures", done / len(pictures))
        try:
            data = picture.read()
            image = _load(bench, data, picture.filename)
        except ImageError as error:
            normals.skipped.append(str(error))
            continue
        info = image.info
        twin = first_names.get(info.sha256)
        if twin is not None:
            normals.skipped.append(f"{info.filename} is the same file as {twin}.")
            continue
        first_names[info.sha256] = info.filename
        bench.files.put(data)
        normals.looks.append(Look.of(image.pixels, bench.visual_encoder))
        normals.sizes.append((info.width, info.height))
        normals.images.append(TaughtImage(filename=info.filename, sha256=info.sha256, use="taught"))
    return normals


def _load(bench: Workbench, data: bytes, filename: str) -> CheckedImage:
    return load_image(
        data,
        filename,
        max_bytes=bench.settings.max_image_bytes,
        max_pixels=bench.settings.max_image_pixels,
    )
