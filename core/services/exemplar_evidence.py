"""Find normal parts as evidence: the most similar ones, and the places of defects on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.domain import (
    Comparison,
    Defect,
    EvidenceChoice,
    Exemplar,
    Likeness,
    Product,
    Step,
    StepName,
)
from core.domain.errors import CheckpointError, InspectionError
from core.domain.reading import Reading
from core.imaging.decoding import CheckedImage
from core.infrastructure.step_log import optional, why_off
from core.retrieval.normals.comparisons import compare
from core.retrieval.normals.exemplars import Look
from core.services.decoded_pictures import DecodedPictures
from core.services.station import Station

EXEMPLAR_COUNT = 3
# The strongest defects; their pictures fill two rows of a screen.
COMPARED_DEFECTS = 6


@dataclass(frozen=True)
class NormalEvidence:
    """The normal parts found for an inspected one."""

    exemplars: tuple[Exemplar, ...] = ()
    likeness: Likeness | None = None
    comparisons: tuple[Comparison, ...] = ()


def find_exemplars(
    station: Station,
    product: Product,
    image: CheckedImage,
    defects: tuple[Defect, ...],
    evidence: EvidenceChoice,
    decoded: DecodedPictures,
    steps: list[Step],
) -> NormalEvidence:
    """Look up the most similar normals and, for each defect, its place on the nearest one.

    The steps "exemplars" and "compare" report what fails or is switched off.
    """
    if reason := why_off(evidence.exemplars, station.settings.rag_enabled, "RAG_ENABLED"):
        steps.append(Step(name=StepName.EXEMPLARS, seconds=0, status="off", reason=reason))
        return NormalEvidence()
    found = NormalEvidence()
    with optional(steps, StepName.EXEMPLARS) as notices:
        found = _nearest(station, product, image, notices)
    if not found.exemplars or not defects:
        return found
    with optional(steps, StepName.COMPARE) as notices:
        exemplar, pixels = _first_with_picture(
            decoded, found.exemplars, image.info.reading, notices
        )
        comparisons = compare(image.pixels, pixels, exemplar, defects[:COMPARED_DEFECTS])
        return NormalEvidence(found.exemplars, found.likeness, comparisons)
    return found


def _nearest(
    station: Station, product: Product, image: CheckedImage, notices: list[str]
) -> NormalEvidence:
    opened = station.exemplars(product)
    if opened.notice:
        notices.append(opened.notice)
    look = Look.of(image.pixels, station.visual_encoder)
    same = opened.index.near_duplicates(look, image.info.sha256)
    if same:
        notices.append(f"Left out as copies of this picture: {len(same)} of the normals.")
    exemplars = opened.index.search(look, k=EXEMPLAR_COUNT, exclude=same)
    if not exemplars:
        return NormalEvidence()
    return NormalEvidence(exemplars, opened.index.likeness(exemplars[0]))


def _first_with_picture(
    decoded: DecodedPictures,
    exemplars: tuple[Exemplar, ...],
    reading: Reading,
    notices: list[str],
) -> tuple[Exemplar, np.ndarray]:
    """Find the nearest normal whose picture can be read, and read its pixels.

    Raises:
        CheckpointError: if none can be read.
    """
    for exemplar in exemplars:
        try:
            return exemplar, decoded.pixels(exemplar.sha256, exemplar.filename, reading)
        except InspectionError as error:
            notices.append(f"{exemplar.filename} is not compared with: {error}")
    raise CheckpointError(" ".join(notices))
