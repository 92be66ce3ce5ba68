"""Ids that a report cites or names exist, and no defect is passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.domain import Evidence, Remark, Report, Rule
from core.reporting.grounding.sentences import Sentence, snippet_ids
from core.reporting.grounding.subjects import DEFECT_ID

# D3 is a step of an 8D report, D65 a kind of light.
_OTHER_SENSE = re.compile(r"\b8D\b|\bD\d+[ -](?:light|illuminant|Licht|Normlicht)|광원")
_MOST_LISTED_IDS = 8


def check_ids(
    report: Report, evidence: Evidence, sentences: Sequence[Sentence]
) -> Iterator[Remark]:
    """Remark on ids that the evidence does not hold."""
    defects = [defect.id for defect in evidence.defects]
    snippets = [snippet.id for snippet in evidence.snippets]
    for place, ids in _cited_defects(report):
        yield from _unknown(place, "", ids, defects, "defect")
    for place, ids in _cited_snippets(report):
        yield from _unknown(place, "", ids, snippets, "knowledge entry")
    for sentence in sentences:
        at, text = sentence.place, sentence.text
        yield from _unknown(at, text, snippet_ids(text), snippets, "knowledge entry")
        if not _OTHER_SENSE.search(text):
            named = list(dict.fromkeys(match[0] for match in DEFECT_ID.finditer(text)))
            yield from _unknown(at, text, named, defects, "defect")


def check_covered(report: Report, evidence: Evidence) -> Iterator[Remark]:
    """Remark on defects that are neither in a finding nor listed as not assessed."""
    spoken_of = set(report.not_assessed).union(*(f.defect_ids for f in report.findings))
    missing = [defect.id for defect in evidence.defects if defect.id not in spoken_of]
    if missing:
        yield Remark(
            rule=Rule.COVERED,
            place="findings",
            message=f"No finding speaks of {_listed(missing)}: add it to a finding, or to the "
            "defects that are not assessed.",
        )


def _cited_defects(report: Report) -> Iterator[tuple[str, Sequence[str]]]:
    for number, finding in enumerate(report.findings):
        yield f"findings.{number}.defect_ids", finding.defect_ids
    yield "not_assessed", report.not_assessed


def _cited_snippets(report: Report) -> Iterator[tuple[str, Sequence[str]]]:
    for number, finding in enumerate(report.findings):
        yield f"findings.{number}.snippet_ids", finding.snippet_ids
        for index, hypothesis in enumerate(finding.hypotheses):
            yield f"findings.{number}.hypotheses.{index}.snippet_ids", hypothesis.snippet_ids


def _unknown(
    place: str, text: str, ids: Sequence[str], known: Sequence[str], what: str
) -> Iterator[Remark]:
    missing = [id_ for id_ in ids if id_ not in known]
    if missing:
        there = f"there are {_listed(known)}" if known else "there is none"
        yield Remark(
            rule=Rule.KNOWN_ID,
            place=place,
            sentence=text,
            message=f"The evidence holds no {what} {_listed(missing)}; {there}.",
        )


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _MOST_LISTED_IDS} more" if len(ids) > _MOST_LISTED_IDS else ""
    return ", ".join(ids[:_MOST_LISTED_IDS]) + more
