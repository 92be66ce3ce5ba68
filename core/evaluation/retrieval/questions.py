"""Measure how often the knowledge search finds the right entry for an inspector's question."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, TypeAdapter, ValidationError

from core.domain import Frozen, Product, Snippet
from core.domain.errors import EvaluationError
from core.evaluation.detection.estimates import (
    RESAMPLES,
    Estimate,
    percentile_interval,
)
from core.evaluation.temporary_station import temporary_station
from core.infrastructure.settings import Settings
from core.retrieval.knowledge.encoders import SentenceEncoder
from core.retrieval.knowledge.search import KnowledgeBase
from core.statistics.intervals import Rate, exact_rate

# The questions were written before any was asked. They measure; no encoder was tuned on them.
QUESTIONS_FILE = Path(__file__).with_name("questions.json")
KINDS = ("plain", "paraphrase", "ko", "de")
# An entry beyond this rank counts as not found.
LATEST_RANK = 20
# A product that no knowledge file contains, so that the search covers all entries.
UNKNOWN = Product(dataset="unknown", category="unknown")


class Question(Frozen):
    """A question and the entry that answers it."""

    question: str
    kind: Literal["plain", "paraphrase", "ko", "de"]
    dataset: str
    category: str
    defect_type: str

    @property
    def product(self) -> Product:
        return Product(dataset=self.dataset, category=self.category)

    def is_answered_by(self, snippet: Snippet) -> bool:
        return (snippet.dataset, snippet.category, snippet.defect_type) == (
            self.dataset,
            self.category,
            self.defect_type,
        )


class QuestionFigures(Frozen):
    """Figures of one kind of question, with or without a known product."""

    kind: str = Field(description="'all', or one of the kinds")
    is_product_known: bool
    hit_at_1: Rate
    hit_at_3: Rate
    mrr: Estimate = Field(description="mean reciprocal rank; 0 beyond rank 20")


class KnowledgeFigures(Frozen):
    """Figures of the knowledge search."""

    encoder: str
    products: int
    rows: tuple[QuestionFigures, ...]


def read_questions(path: Path = QUESTIONS_FILE) -> tuple[Question, ...]:
    """Read the questions of a file.

    Raises:
        EvaluationError: if the file is missing or not a list of questions.
    """
    try:
        return TypeAdapter(tuple[Question, ...]).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise EvaluationError(
            f"The questions in {path} cannot be used ({str(error).splitlines()[0]}). Restore them."
        ) from error


def evaluate_knowledge(
    questions: Sequence[Question], settings: Settings, *, seed: int = 0
) -> KnowledgeFigures:
    """Ask every question twice, with and without its product, and count the right answers.

    Args:
        questions: with their right entries.
        settings: name the knowledge file; its index is built in a temporary folder.
        seed: of the bootstrap.

    Raises:
        KnowledgeError, WeightsError: if the knowledge file or the encoder cannot be used.
    """
    rows = []
    with temporary_station(settings) as station:
        encoder = SentenceEncoder.load(station.settings.model_cache_dir)
        base = KnowledgeBase.open(station.settings, lambda: encoder)
        for is_known in (True, False):
            ranks = [
                _rank(question, base.search(question.question, product, k=LATEST_RANK))
                for question in questions
                for product in [question.product if is_known else UNKNOWN]
            ]
            for kind in ("all", *KINDS):
                own = [
                    rank
                    for rank, question in zip(ranks, questions, strict=True)
                    if kind in ("all", question.kind)
                ]
                if own:
                    rows.append(_figures(kind, is_known, own, seed))
    return KnowledgeFigures(
        encoder=encoder.name,
        products=len({question.product.key for question in questions}),
        rows=tuple(rows),
    )


def _rank(question: Question, found: Sequence[Snippet]) -> int | None:
    """Find the rank of the right entry, from 1; None if it was not found."""
    for rank, snippet in enumerate(found, start=1):
        if question.is_answered_by(snippet):
            return rank
    return None


def _figures(kind: str, is_known: bool, ranks: Sequence[int | None], seed: int) -> QuestionFigures:
    def within(most: int) -> Rate:
        rate = exact_rate(sum(rank is not None and rank <= most for rank in ranks), len(ranks))
        assert rate is not None, "there is at least one question"
        return rate

    reciprocal = np.array([0.0 if rank is None else 1 / rank for rank in ranks])
    drawn = np.random.default_rng(seed).integers(0, len(ranks), (RESAMPLES, len(ranks)))
    return QuestionFigures(
        kind=kind,
        is_product_known=is_known,
        hit_at_1=within(1),
        hit_at_3=within(3),
        mrr=percentile_interval(
            float(reciprocal.mean()), reciprocal[drawn].mean(axis=1), len(reciprocal)
        ),
    )
