"""A report as sentences, each with what it may speak of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from core.domain import Defect, Evidence, Report, Snippet
from core.reporting.grounding.quotes import Quotable

Kind = Literal[
    "summary", "observation", "type", "cause", "effect", "containment", "action", "question"
]
# What is still to be done or asked; the other kinds say what is.
PLANS: frozenset[Kind] = frozenset({"containment", "action", "question"})
# No person writes longer sentences; text without stops is read in pieces of this length.
MOST_SENTENCE_LETTERS = 600
# Split at the gaps, not at the stops: a text of nothing but stops stays quick to read.
_GAP = re.compile(r"\s+")
_STOPS, _CLOSING = ".!?。！？", "\"”“’')]"
_ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:e\.g|i\.e|approx|ca|cf|vs|no|nr|fig|abb|max|min|bzw|ggf|usw|resp|etc|incl|inkl"
    r"|z\.? ?b|d\.? ?h|u\.? ?a|n?\.?i\.o|\d{1,2}|[a-z])\.$",
    re.IGNORECASE,
)
_SNIPPET_ID = re.compile(r"(?<![A-Za-z0-9-])K-(?=[A-Za-z0-9]*\d)[A-Za-z0-9]+")


@dataclass(frozen=True)
class Sentence:
    """One sentence of a report.

    Attributes:
        place: path of its field.
        kind: what the field is for.
        text: as it stands in the field.
        claims: the same, with quoted knowledge blanked out character by character.
        before: the sentence before it in the field; empty for the first one.
        after: the one after it; empty for the last one.
        defects: that its finding is about; empty outside findings.
        snippets: that its field cites, by its finding or by name.
    """

    place: str
    kind: Kind
    text: str
    claims: str
    before: str
    after: str
    defects: tuple[Defect, ...]
    snippets: tuple[Snippet, ...]

    @property
    def is_question(self) -> bool:
        """Tell whether it is a question."""
        return self.text.rstrip().endswith(("?", "？")) or self.kind == "question"


def sentences(report: Report, evidence: Evidence) -> tuple[Sentence, ...]:
    """Yield every sentence of every text of a report, in the order of its fields."""
    quotable = Quotable(evidence.snippets)
    defects = {defect.id: defect for defect in evidence.defects}
    known = {snippet.id: snippet for snippet in evidence.snippets}
    found: list[Sentence] = []
    for place, kind, text, finding, cited_ids in _texts(report):
        cited = [known[id_] for id_ in dict.fromkeys(cited_ids) if id_ in known]
        cited += [known[id_] for id_ in snippet_ids(text) if id_ in known and id_ not in cited_ids]
        # Outside findings a text has no list of ids: it may quote what the evidence holds.
        quoted = cited or ([] if cited_ids else list(evidence.snippets))
        pieces = split(text)
        for number, piece in enumerate(pieces):
            found.append(
                Sentence(
                    place=place,
                    kind=kind,
                    text=piece,
                    claims=quotable.blank(piece, quoted),
                    before=pieces[number - 1] if number else "",
                    after=pieces[number + 1] if number + 1 < len(pieces) else "",
                    defects=tuple(defects[id_] for id_ in finding if id_ in defects),
                    snippets=tuple(cited),
                )
            )
    return tuple(found)


def snippet_ids(text: str) -> list[str]:
    """Find the ids of knowledge that a text names, each once."""
    return list(dict.fromkeys(_SNIPPET_ID.findall(text)))


def split(text: str) -> list[str]:
    """Split a text into sentences, each as it stands; none is over `MOST_SENTENCE_LETTERS`.

    Example:
        >>> split("Score 0.5, e.g. low. See K-1.")
        ['Score 0.5, e.g. low.', 'See K-1.']
    """
    found: list[str] = []
    start = 0
    for gap in _GAP.finditer(text):
        before = text[max(start, gap.start() - 12) : gap.start()]
        is_stop = before.rstrip(_CLOSING).endswith(tuple(_STOPS))
        if "\n" in gap[0] or (is_stop and not _ABBREVIATED.search(before)):
            found += _pieces(text[start : gap.start()])
            start = gap.end()
    return [*found, *_pieces(text[start:])]


def _pieces(sentence: str) -> Iterator[str]:
    rest = sentence.strip()
    while len(rest) > MOST_SENTENCE_LETTERS:
        at = rest.rfind(" ", 1, MOST_SENTENCE_LETTERS)
        at = MOST_SENTENCE_LETTERS if at < 0 else at
        yield rest[:at]
        # Slicing a long text once a piece stays cheap: a field holds few pieces.
        rest = rest[at:].lstrip()
    if rest:
        yield rest


def _texts(
    report: Report,
) -> Iterator[tuple[str, Kind, str, Sequence[str], Sequence[str]]]:
    """Yield path, kind, text, ids of its finding's defects, and ids of the knowledge it cites."""
    yield "summary", "summary", report.summary, (), ()
    for number, finding in enumerate(report.findings):
        at = f"findings.{number}"
        own, cited = finding.defect_ids, finding.snippet_ids
        yield f"{at}.observation", "observation", finding.observation, own, cited
        yield f"{at}.probable_defect_type", "type", finding.probable_defect_type, own, cited
        for index, hypothesis in enumerate(finding.hypotheses):
            path = f"{at}.hypotheses.{index}.cause"
            yield path, "cause", hypothesis.cause, own, hypothesis.snippet_ids
    yield "effect", "effect", report.effect, (), ()
    yield "containment", "containment", report.containment, (), ()
    yield "recommended_action", "action", report.recommended_action, (), ()
    for number, question in enumerate(report.open_questions):
        yield f"open_questions.{number}", "question", question, (), ()
