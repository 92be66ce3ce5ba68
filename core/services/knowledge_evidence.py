"""Find knowledge as evidence: snippets about what was measured, and fitting defect types."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain import Defect, DefectTypeGuess, EvidenceChoice, Product, Snippet, Step, StepName
from core.imaging.decoding import CheckedImage
from core.infrastructure.step_log import optional, why_off
from core.retrieval.knowledge.queries import describe_defect
from core.retrieval.normals.defect_types import (
    MOST_TYPES,
    comparable_types,
    rank_types,
    text_similarities,
)
from core.retrieval.normals.labelled import defect_crop
from core.services.station import Station

SNIPPET_COUNT = 3
DESCRIBED_DEFECTS = 3


@dataclass(frozen=True)
class KnowledgeEvidence:
    """The knowledge found for an inspected part."""

    snippets: tuple[Snippet, ...] = ()
    defect_types: tuple[DefectTypeGuess, ...] = ()


def find_knowledge(
    station: Station,
    product: Product,
    image: CheckedImage,
    defects: tuple[Defect, ...],
    evidence: EvidenceChoice,
    steps: list[Step],
) -> KnowledgeEvidence:
    """Look up the knowledge that fits the strongest defects.

    The steps "describe", "knowledge" and "defect types" report what fails or is switched off.
    """
    setting = station.settings.domain_rag_enabled
    reason = why_off(evidence.knowledge, setting, "DOMAIN_RAG_ENABLED")
    if not reason and not defects:
        reason = "no defect to look up"
    if reason:
        names = (StepName.KNOWLEDGE, StepName.DEFECT_TYPES)
        steps += [Step(name=name, seconds=0, status="off", reason=reason) for name in names]
        return KnowledgeEvidence()
    described = defects[:DESCRIBED_DEFECTS]
    queries = {defect.id: describe_defect(defect) for defect in described}
    snippets: tuple[Snippet, ...] = ()
    with optional(steps, StepName.KNOWLEDGE):
        snippets = station.knowledge.search("; ".join(queries.values()), product, k=SNIPPET_COUNT)
    guesses: tuple[DefectTypeGuess, ...] = ()
    with optional(steps, StepName.DEFECT_TYPES):
        guesses = tuple(
            guess
            for defect in described
            for guess in _fitting_types(station, product, image, defect, queries[defect.id])
        )
    return KnowledgeEvidence(snippets, guesses)


def _fitting_types(
    station: Station, product: Product, image: CheckedImage, defect: Defect, query: str
) -> tuple[DefectTypeGuess, ...]:
    """Rank the known types that fit one defect best, by words and by labelled crops."""
    texts = text_similarities(station.knowledge.search(query, product, k=MOST_TYPES))
    labelled = station.labelled_crops(product)
    if labelled is None:
        return rank_types(defect.id, texts, {}, None)
    seen = station.visual_encoder(defect_crop(image.pixels, defect.box))
    likeness = labelled.similarities(seen, exclude_sha256=image.info.sha256)
    examples = comparable_types(likeness, labelled.pictures())
    return rank_types(defect.id, texts, examples, labelled.calibration)
