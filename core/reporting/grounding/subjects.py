"""Which defects a word of a sentence speaks of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.domain import Defect, Severity
from core.reporting.grounding.sentences import Sentence

DEFECT_ID = re.compile(r"(?<![A-Za-z0-9_-])D(\d{1,5})(?![A-Za-z0-9_])")
_TO = re.compile(r"\s*(?:-|–|~|to|through|bis|부터)\s*", re.IGNORECASE)
_AND = re.compile(r"\s*(?:,|and|und|or|oder|&|/|와|과|및|,\s*(?:and|und))\s*", re.IGNORECASE)
_STRONGEST = re.compile(
    r"\b(?:strongest|dominant|worst|worse|main one|most (?:severe|serious|prominent|relevant))\b"
    r"|\b(?:stärkste[nrs]?|schwerste[nrs]?|schwerwiegendste[nrs]?)\b|가장 (?:강한|심한|심각한)"
    r"|주된",
    re.IGNORECASE,
)
_LARGEST = re.compile(r"\b(?:largest|biggest|größte[nrs]?)\b|가장 큰", re.IGNORECASE)
_SMALLEST = re.compile(r"\b(?:smallest|kleinste[nrs]?)\b|가장 작은", re.IGNORECASE)
_WEAKEST = re.compile(r"\b(?:weakest|faintest|schwächste[nrs]?)\b|가장 약한", re.IGNORECASE)
_OTHERS = re.compile(
    r"\b(?:the other|others|another|a second|the second|remaining|the rest|further|übrigen?"
    r"|andere[nrs]?|weitere[nrs]?|restlichen)\b|나머지|다른|그 밖의|두 번째",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"\s*(?:it|its|this|they|their|these|both|es|sie|er|dieser?|seine?|ihre?|beide)\b|\s*(?:이|그)\s",
    re.IGNORECASE,
)
# Marks a list of values in the order of the defects named before it.
RESPECTIVELY = re.compile(r"\b(?:respectively|jeweils)\b|각각", re.IGNORECASE)
# An id this close after "the strongest" names it.
_APPOSITION_LETTERS = 30


@dataclass(frozen=True)
class Subject:
    """Defects that a sentence names at one place.

    Attributes:
        start, end: in the sentence.
        defects: that are measured; an id that nothing measured has is left out.
        is_named: by id, not by a word such as "strongest".
    """

    start: int
    end: int
    defects: tuple[Defect, ...]
    is_named: bool


def named_subjects(text: str, defects: Sequence[Defect]) -> list[Subject]:
    """Group the ids in a text: "D1, D2 and D3" is one, "D3 to D7" stands for all between."""
    known = {defect.id: defect for defect in defects}
    groups: list[Subject] = []
    last = 0
    for match in DEFECT_ID.finditer(text):
        number, own = int(match[1]), known.get(match[0])
        members = (own,) if own else ()
        between = text[groups[-1].end : match.start()] if groups else ""
        if groups and len(between) < 12 and _TO.fullmatch(between):
            ids = (f"D{value}" for value in range(last + 1, min(number, last + 1000) + 1))
            members = tuple(known[id_] for id_ in ids if id_ in known)
        elif not groups or len(between) > 12 or not _AND.fullmatch(between):
            groups.append(Subject(match.start(), match.end(), members, True))
            last = number
            continue
        joined = groups.pop()
        members = (*joined.defects, *members)
        groups.append(Subject(joined.start, match.end(), members, True))
        last = number
    return groups


def subjects(sentence: Sentence, defects: Sequence[Defect]) -> list[Subject]:
    """Find what a sentence names by id, by superlative or as "the others", left to right."""
    named = named_subjects(sentence.claims, defects)
    found = list(named)
    if defects:
        order = list(Severity)
        strongest = min(defects, key=lambda defect: (order.index(defect.severity), -defect.peak))
        by_area = sorted(defects, key=lambda defect: defect.area_px)
        weakest = min(defects, key=lambda defect: defect.peak)
        for pattern, meant in (
            (_STRONGEST, strongest),
            (_LARGEST, by_area[-1]),
            (_SMALLEST, by_area[0]),
            (_WEAKEST, weakest),
        ):
            found += [
                Subject(match.start(), match.end(), (meant,), False)
                for match in pattern.finditer(sentence.claims)
                if not any(0 <= group.start - match.end() < _APPOSITION_LETTERS for group in named)
            ]
    for match in _OTHERS.finditer(sentence.claims):
        before = {d.id for group in found for d in group.defects if group.start < match.start()}
        whole = sentence.defects or tuple(defects)
        rest = tuple(defect for defect in whole if defect.id not in before)
        found.append(Subject(match.start(), match.end(), rest or whole, False))
    return sorted(found, key=lambda group: group.start)


def bound(
    sentence: Sentence, defects: Sequence[Defect], positions: Sequence[int]
) -> list[tuple[Subject, ...]]:
    """Assign to each position of a sentence the subjects that the word there may refer to.

    Where the sentence names a defect before its first word in question, a word speaks of the last
    one named before it; where the words come first, of the next one or the last one. A sentence
    that names none speaks of its finding's defects, or of any.

    Args:
        sentence: that is looked at.
        defects: all that are measured.
        positions: of the words in question, rising.
    """
    if not positions:
        return []
    found = subjects(sentence, defects)
    if not found:
        return [(_unnamed(sentence, defects),)] * len(positions)
    if RESPECTIVELY.search(sentence.claims):
        return [tuple(found)] * len(positions)
    chosen: list[tuple[Subject, ...]] = []
    names_first = bool(positions) and found[0].start < positions[0]
    index = 0
    for position in positions:
        while index < len(found) and found[index].start < position:
            index += 1
        # Nothing stands before the first one: a slice from -1 would be the last one.
        before = found[index - 1 : index] if index else []
        after = [] if names_first else found[index : index + 1]
        chosen.append((*before, *after))
    return chosen


def _unnamed(sentence: Sentence, defects: Sequence[Defect]) -> Subject:
    if _PRONOUN.match(sentence.claims):
        before = named_subjects(sentence.before, defects)
        if before:
            return Subject(0, 0, all_defects(before), False)
    return Subject(0, 0, sentence.defects or tuple(defects), False)


def all_defects(group: Sequence[Subject]) -> tuple[Defect, ...]:
    """Join the defects of several subjects, each once."""
    return tuple({defect.id: defect for subject in group for defect in subject.defects}.values())
