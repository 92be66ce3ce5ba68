"""Severities that a report names agree with the policy's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.domain import Evidence, Remark, Report, Rule, Severity
from core.reporting.grounding.sentences import PLANS, Sentence
from core.reporting.grounding.subjects import RESPECTIVELY, all_defects, bound
from core.reporting.grounding.wording import NOUN, is_negated

_WORD = re.compile(
    r"\b(?P<critical>critical|kritische[nrms]?|kritisch|kritischer Fehler)\b"
    r"|\b(?P<major>major|hauptfehlers?|hauptfehlern|schwerwiegende?[nrms]?)\b"
    r"|\b(?P<minor>minor|nebenfehlers?|nebenfehlern|geringfügige?[nrms]?)\b"
    r"|(?P<critical2>치명)|(?P<major2>중결함|중대|주요 결함)|(?P<minor2>경결함|경미)",
    re.IGNORECASE,
)
# A word of the three that ends its phrase is said of the defect; one that goes on may be said of
# anything ("critical to", "minor loss"), unless it goes on to a defect.
_ENDS = re.compile(
    r"\s*(?:[.,;:()!?\]/¦]|$)|\s+(?:and|or|but|with|in|at|on|by|severity|according|because|ones?|und"
    r"|oder|mit|im|in|an|am|eingestuft|nach|according|while|for this|overall)\b|[가-힣]?",
    re.IGNORECASE,
)
_GOES_ON = re.compile(rf"(?:[\s-]+[\w-]+){{0,2}}?[\s-]+{NOUN}\b", re.IGNORECASE)
_KOREAN_OTHER = re.compile(r"(?:적인?|한|하게)?\s*(?:영향|손실|위험|문제|변화|역할|원인)")
_OTHER_SUBJECT = re.compile(
    r"\b(?:effect|loss|losses|risk|impact|influence|consequences?|change|difference|concern"
    r"|Auswirkung(?:en)?|Verlust|Risiko|Einfluss|Folgen?|Änderung)\b|영향|손실|위험",
    re.IGNORECASE,
)
_NAMES = tuple(Severity)


@dataclass(frozen=True)
class _Said:
    start: int
    end: int
    severity: Severity


def check_severities(
    report: Report, evidence: Evidence, sentences: Sequence[Sentence]
) -> Iterator[Remark]:
    """Remark on severities that the policy does not give, and on a wrong proposed severity."""
    yield from _proposal(report, evidence)
    for sentence in sentences:
        if sentence.kind in PLANS or sentence.is_question or sentence.kind == "cause":
            continue
        words = severity_words(sentence.claims)
        groups = bound(sentence, evidence.defects, [word.start for word in words])
        for word, group in zip(words, groups, strict=True):
            measured = all_defects(group)
            if not measured:
                continue
            fitting = [defect for defect in measured if defect.severity is word.severity]
            # "D3 to D7 are minor" is said of all of them, words without an id of any.
            of_all = (
                len(group) == 1 and group[0].is_named and not RESPECTIVELY.search(sentence.claims)
            )
            if not fitting or (of_all and len(fitting) < len(measured)):
                graded = "; ".join(f"{d.id}: {d.severity.value}" for d in measured[:8])
                yield Remark(
                    rule=Rule.SEVERITY,
                    place=sentence.place,
                    sentence=sentence.text,
                    message=f"The text says {word.severity.value}, but the policy grades {graded}.",
                )


def severity_words(text: str) -> list[_Said]:
    """Find the severities that a text gives to a defect, from left to right."""
    found: list[_Said] = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        if is_negated(text, start, end) or not _is_of_a_defect(text, match):
            continue
        name = next(name for name, value in match.groupdict().items() if value)
        found.append(_Said(start, end, Severity(name.rstrip("2"))))
    return found


def _is_of_a_defect(text: str, match: re.Match[str]) -> bool:
    behind = text[match.end() : match.end() + 60]
    if "\uac00" <= match[0][0] <= "\ud7a3":
        return not _KOREAN_OTHER.match(behind)
    # German says severity and defect in one word.
    if match[0].lower().startswith(("hauptfehler", "nebenfehler")):
        return True
    if _GOES_ON.match(behind):
        return True
    if not _ends(behind):
        return False
    before = text[max(0, match.start() - 50) : match.start()]
    return not _OTHER_SUBJECT.search(before)


def _ends(behind: str) -> bool:
    found = _ENDS.match(behind)
    return bool(found and (found[0].strip() or not behind.strip()))


def _proposal(report: Report, evidence: Evidence) -> Iterator[Remark]:
    grades = [defect.severity for defect in evidence.defects]
    worst = min(grades, key=_NAMES.index, default=None)
    if report.proposed_severity is worst:
        return
    said = report.proposed_severity.value if report.proposed_severity else "none"
    wanted = f"the worst defect is {worst.value}" if worst else "there is no defect to grade"
    yield Remark(
        rule=Rule.SEVERITY,
        place="proposed_severity",
        message=f"The proposed severity is {said}, but {wanted}.",
    )
