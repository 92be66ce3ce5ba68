"""Time building a product's index of normals and looking up a picture in it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence

import numpy as np
from pydantic import Field

from core.domain import Box, Defect, Frozen, Severity
from core.domain.errors import EvaluationError
from core.imaging.decoding import checked_image
from core.imaging.picture_files import PictureFile
from core.infrastructure.settings import Settings
from core.retrieval.normals.comparisons import compare
from core.retrieval.normals.exemplars import ExemplarIndex, Look, Normal
from core.retrieval.normals.visual import VisualEncoder

QUERIES = 50
DEFECTS = 3
MIN_PICTURES = 5
COLUMNS = (
    "set",
    "encoder",
    "pictures",
    "build, elapsed / processor time",
    "look up, median / p95",
    f"compare {DEFECTS} defects, median / p95",
    "cores",
)


class ExemplarSpeed(Frozen):
    """Times in seconds, or in milliseconds in fields ending in _ms."""

    folder: str
    encoder: str
    pictures: int
    cores: int
    build: float = Field(description="decode, embed and index all pictures; encoder loaded before")
    build_processor: float = Field(description="the same in processor time, all cores together")
    search_median_ms: float = Field(description="embed a decoded picture and find its nearest")
    search_p95_ms: float
    compare_median_ms: float = Field(description="register, and crop three defects' places")
    compare_p95_ms: float


def measure_exemplars(
    pictures: Sequence[PictureFile], name: str, settings: Settings
) -> ExemplarSpeed:
    """Build an index and search it with its own pictures, each excluded from its own results.

    Args:
        pictures: at least five different pictures of good parts.
        name: the set's name in the table.
        settings: name the encoder and its weights.

    Raises:
        EvaluationError: if there are fewer than five pictures.
        ImageError: if one cannot be read.
        WeightsError: if the encoder's weights are not on this machine.
    """
    if len(pictures) < MIN_PICTURES:
        raise EvaluationError(
            f"{name} holds {len(pictures)} pictures; at least {MIN_PICTURES} different ones are "
            "needed. Add some."
        )
    encoder = VisualEncoder.load(settings)
    encoder(_pixels(pictures[0], settings))  # the first call of a program allocates
    start, worked = time.perf_counter(), time.process_time()
    index = ExemplarIndex.of(_normals(pictures, encoder, settings))
    build, processor = time.perf_counter() - start, time.process_time() - worked
    searching, comparing = _queries(pictures[:QUERIES], pictures, index, encoder, settings)
    return ExemplarSpeed(
        folder=name,
        encoder=encoder.name,
        pictures=len(pictures),
        cores=os.cpu_count() or 0,
        build=build,
        build_processor=processor,
        search_median_ms=float(np.median(searching)),
        search_p95_ms=float(np.percentile(searching, 95)),
        compare_median_ms=float(np.median(comparing)),
        compare_p95_ms=float(np.percentile(comparing, 95)),
    )


def exemplar_row(figures: ExemplarSpeed) -> str:
    """Render the figures as a row of a Markdown table with the columns `COLUMNS`."""
    cells = (
        figures.folder,
        figures.encoder,
        str(figures.pictures),
        f"{figures.build:.1f} / {figures.build_processor:.1f} s",
        f"{figures.search_median_ms:.0f} / {figures.search_p95_ms:.0f} ms",
        f"{figures.compare_median_ms:.0f} / {figures.compare_p95_ms:.0f} ms",
        str(figures.cores),
    )
    return f"| {' | '.join(cells)} |"


def _queries(
    asked: Sequence[PictureFile],
    pictures: Sequence[PictureFile],
    index: ExemplarIndex,
    encoder: VisualEncoder,
    settings: Settings,
) -> tuple[list[float], list[float]]:
    """Time each look-up and each comparison of three defects, in ms."""
    by_sha256 = dict(zip(index.sha256s, pictures, strict=True))
    searching, comparing = [], []
    for picture in asked:
        pixels = _pixels(picture, settings)
        start = time.perf_counter()
        look = Look.of(pixels, encoder)
        nearest = index.search(look, exclude=index.near_duplicates(look))[0]
        searching.append(1000 * (time.perf_counter() - start))
        normal = _pixels(by_sha256[nearest.sha256], settings)
        start = time.perf_counter()
        compare(pixels, normal, nearest, _three_defects(pixels))
        comparing.append(1000 * (time.perf_counter() - start))
    return searching, comparing


def _normals(
    pictures: Sequence[PictureFile], encoder: VisualEncoder, settings: Settings
) -> Iterator[Normal]:
    for picture in pictures:
        image = checked_image(settings, picture.read(), picture.filename)
        yield Normal(image.info.sha256, image.info.filename, Look.of(image.pixels, encoder))


def _three_defects(pixels: np.ndarray) -> list[Defect]:
    """Place three small regions on the picture's diagonal."""
    height, width = pixels.shape[:2]
    return [
        Defect(
            id=f"D{number}",
            box=Box(x=width * number // 4, y=height * number // 4, width=8, height=8),
            contour=(),
            centroid=(width * number / 4, height * number / 4),
            region="centre",
            area_px=64,
            area_percent=6400 / (width * height),
            elongation=1,
            orientation_deg=0,
            peak=1,
            mean=1,
            severity=Severity.MINOR,
        )
        for number in range(1, DEFECTS + 1)
    ]


def _pixels(picture: PictureFile, settings: Settings) -> np.ndarray:
    return checked_image(settings, picture.read(), picture.filename).pixels
