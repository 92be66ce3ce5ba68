"""Count the sentences that the grounding check can hold to the evidence."""

from __future__ import annotations

from pydantic import Field

from core.domain import Evidence, Frozen, Report
from core.reporting.grounding.counts import count_words
from core.reporting.grounding.number_words import said_numbers
from core.reporting.grounding.numbers import is_checked, own_names
from core.reporting.grounding.place_words import place_words
from core.reporting.grounding.sentences import Sentence, sentences, snippet_ids
from core.reporting.grounding.severities import severity_words
from core.reporting.grounding.subjects import DEFECT_ID
from core.reporting.grounding.verdicts import statements


class Coverage(Frozen):
    """How much of a report the grounding check could read.

    A text that no rule understands has no remark, be it true, false or nonsense.
    """

    sentences: int
    held: int = Field(
        description="that name a defect, an entry, a place, a number, a severity or the verdict, "
        "quote knowledge, or give a cause that cites it"
    )


def coverage(report: Report, evidence: Evidence) -> Coverage:
    """Count the sentences of a report, and those that rules hold to its evidence."""
    read = sentences(report, evidence)
    names = own_names(evidence)
    return Coverage(sentences=len(read), held=sum(_is_held(sentence, names) for sentence in read))


def _is_held(sentence: Sentence, names: tuple[str, ...]) -> bool:
    text = sentence.claims
    return bool(
        text != sentence.text  # knowledge is quoted
        or (sentence.kind == "cause" and sentence.snippets)
        or DEFECT_ID.search(text)
        or snippet_ids(text)
        or place_words(text)
        or count_words(text)
        or severity_words(text)
        or any(is_checked(number, sentence) for number in said_numbers(text, names))
        or next(statements(sentence), None)
    )
