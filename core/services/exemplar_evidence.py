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
from core.imaging.decoding import CheckedImage, load_image
from core.infrastructure.step_log import optional, why_off
from core.retrieval.normals.comparisons import compare
from core.retrieval.normals.exemplars import Look
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
        exemplar, pixels = _first_with_picture(station, found.exemplars, notices)
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
    twins = opened.index.twins(look, image.info.sha256)
    if twins:
        notices.append(f"Left out as copies of this picture: {len(twins)} of the normals.")
    exemplars = opened.index.search(look, k=EXEMPLAR_COUNT, exclude=twins)
    if not exemplars:
        return NormalEvidence()
    return NormalEvidence(exemplars, opened.index.likeness(exemplars[0]))


def _first_with_picture(
    station: Station, exemplars: tuple[Exemplar, ...], notices: list[str]
) -> tuple[Exemplar, np.ndarray]:
    """Find the nearest normal whose picture can be read, and read its pixels.

    Raises:
        CheckpointError: if none can be read.
    """
    for exemplar in exemplars:
        try:
            checked = load_image(
                station.files.read(exemplar.sha256),
                exemplar.filename,
                max_bytes=station.settings.max_image_bytes,
                max_pixels=station.settings.max_image_pixels,
            )
        except InspectionError as error:
            notices.append(f"{exemplar.filename} is not compared with: {error}")
            continue
        return exemplar, checked.pixels
    raise CheckpointError(" ".join(notices))
