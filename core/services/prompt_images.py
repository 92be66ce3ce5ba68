"""What a model is shown of an inspection: the picture, its map, the defects and normal parts."""

from __future__ import annotations

import io
from collections.abc import Generator
from itertools import islice

import numpy as np
from PIL import Image

from core.domain import Inspection
from core.imaging.encoding import thumbnail_png
from core.reporting.catalogue import Model
from core.reporting.writers.contract import PromptPicture
from core.services.decoded_pictures import DecodedPictures
from core.services.inspection_images import (
    PDF_OVERLAY_OPACITY,
    compared_pairs,
    exemplar_png_or_none,
    overlay_png,
)
from core.services.station import Station

SHOWN_PAIRS = 3
SHOWN_NORMALS = 2


def prompt_pictures(
    station: Station,
    inspection: Inspection,
    model: Model,
    decoded: DecodedPictures | None = None,
) -> tuple[PromptPicture, ...]:
    """Render as many pictures as a model takes, at its size, the most telling first.

    Args:
        station: whose file store holds the pictures.
        inspection: that the model is to write of.
        model: says how many it takes, and of which size.
        decoded: pictures that need not be decoded again.

    Raises:
        RecordsError: if a stored file is missing or altered.
    """
    if not model.images:
        return ()
    shown = _by_worth(station, inspection, model.picture_side, decoded or DecodedPictures(station))
    return tuple(islice(shown, model.most_pictures))


def _by_worth(
    station: Station, inspection: Inspection, side: int, decoded: DecodedPictures
) -> Generator[PromptPicture]:
    overlay = _pixels(
        overlay_png(station, inspection, opacity=PDF_OVERLAY_OPACITY, decoded=decoded)
    )
    yield PromptPicture(
        "overlay: the part under its anomaly map, defects numbered", thumbnail_png(overlay, side)
    )
    yield PromptPicture("query: the part as inspected", thumbnail_png(decoded.of(inspection), side))
    for pair in compared_pairs(station, inspection, SHOWN_PAIRS, decoded):
        if pair.pictures is None:
            continue
        defect_id = pair.comparison.defect_id
        for name, png in zip(
            (f"{defect_id} from near", f"the place of {defect_id} on a normal part"),
            pair.pictures,
            strict=True,
        ):
            yield PromptPicture(name, thumbnail_png(_pixels(png), side))
    for number, exemplar in enumerate(inspection.exemplars[:SHOWN_NORMALS], start=1):
        png = exemplar_png_or_none(station, exemplar, inspection.image.reading, decoded)
        if png is None:
            continue
        yield PromptPicture(f"normal part {number}", thumbnail_png(_pixels(png), side))


def _pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
