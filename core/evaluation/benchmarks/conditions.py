"""How often pictures are said to be unlike those taught: as they are, and taken otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

import cv2
import numpy as np
from pydantic import Field

from core.domain import Frozen
from core.domain.errors import ImageError
from core.evaluation.detection.samples import Dataset
from core.evaluation.detection.tables import line, rate_text
from core.imaging.conditions import measure
from core.imaging.decoding import checked_image
from core.imaging.picture_files import PictureFile
from core.imaging.unlike import taught_conditions, unlike
from core.infrastructure.settings import Settings
from core.statistics.intervals import Rate, exact_rate

EXPOSURE = 0.6
BLUR_PX = 1.5
CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "darker": lambda pixels: (pixels * EXPOSURE).astype(np.uint8),
    "half turn": lambda pixels: np.ascontiguousarray(pixels[::-1, ::-1]),
    "BGR": lambda pixels: np.ascontiguousarray(pixels[:, :, ::-1]),
    "blurred": lambda pixels: cv2.GaussianBlur(pixels, (0, 0), BLUR_PX),
}
COLUMNS = (
    "set",
    "normals",
    "good",
    "defective",
    f"good, exposure {EXPOSURE - 1:.0%}",
    "good, half turn",
    "good, BGR for RGB",
    f"good, blurred by {BLUR_PX:g} px",
    "a picture",
)


class ConditionFigures(Frozen):
    """Pictures of one set with a word on how they were taken."""

    dataset: str
    normals: int
    good: Rate | None = Field(description="of the good test pictures, as they are")
    defective: Rate | None
    changed: dict[str, Rate | None] = Field(description="of the good ones, each taken otherwise")
    median_ms: float = Field(description="to measure a decoded picture and compare it")


def measure_conditions(dataset: Dataset, settings: Settings) -> ConditionFigures:
    """Learn how a set's normals were taken, and look at its test pictures.

    Args:
        dataset: pictures that cannot be read are left out.
        settings: largest file and picture accepted.
    """
    normals = list(_read(dataset.train, settings))
    taught = taught_conditions([measure(pixels) for pixels in normals])
    of_kind = {
        is_defective: [item.picture for item in dataset.test if item.is_defective == is_defective]
        for is_defective in (False, True)
    }
    times: list[float] = []

    def share(
        pictures: list[PictureFile],
        change: Callable[[np.ndarray], np.ndarray] = lambda pixels: pixels,
    ) -> Rate | None:
        said = []
        for pixels in map(change, _read(pictures, settings)):
            start = time.perf_counter()
            said.append(bool(unlike(taught, measure(pixels), of_taught_size=True)))
            times.append(1000 * (time.perf_counter() - start))
        return exact_rate(sum(said), len(said))

    return ConditionFigures(
        dataset=dataset.name,
        normals=len(normals),
        good=share(of_kind[False]),
        defective=share(of_kind[True]),
        changed={name: share(of_kind[False], change) for name, change in CHANGES.items()},
        median_ms=float(np.median(times)),
    )


def condition_row(figures: ConditionFigures) -> str:
    """Render the figures as a row of a Markdown table with the columns `COLUMNS`."""
    rates = (figures.good, figures.defective, *figures.changed.values())
    return line(
        [
            figures.dataset,
            str(figures.normals),
            *map(rate_text, rates),
            f"{figures.median_ms:.1f} ms",
        ]
    )


def _read(pictures: Iterable[PictureFile], settings: Settings) -> Iterator[np.ndarray]:
    for picture in pictures:
        try:
            yield checked_image(settings, picture.read(), picture.filename).pixels
        except ImageError:
            continue
