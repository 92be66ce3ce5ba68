"""How many defects a report says there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.domain import Defect, Remark, Rule, Severity
from core.reporting.grounding.place_words import place_words
from core.reporting.grounding.sentences import PLANS, Sentence
from core.reporting.grounding.subjects import Subject, named_subjects
from core.reporting.grounding.wording import KOREAN_NOUN

_VALUES: dict[str, int] = {
    "zero": 0, "no": 0, "keine": 0, "kein": 0,
    "one": 1, "single": 1, "a single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
    "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9,
    "zehn": 10, "elf": 11, "zwölf": 12,
    "한": 1, "하나": 1, "두": 2, "세": 3, "네": 4, "다섯": 5, "여섯": 6, "일곱": 7, "여덟": 8,
    "아홉": 9, "열": 10,
}  # fmt: skip
_EN = r"\d{1,3}|one|a single|single|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_DE = r"zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf"
_KO = r"\d{1,3}|한|두|세|네|다섯|여섯|일곱|여덟|아홉|열"
# Only words that count measured regions: "two cracks" may be said of one region.
_NOUN = (
    r"defects?|(?<!of )regions?|deviations?|anomal(?:y|ies)|indications?|flaws?|irregularit(?:y"
    r"|ies)"
    r"|spots?|areas?|places?|Fehler|Bereiche?|Stellen?|Abweichung(?:en)?|Auffälligkeit(?:en)?"
    r"|Anomalien?|Region(?:en)?|Hauptfehler|Nebenfehler|Defekte?"
)
_SEVERE = {
    Severity.CRITICAL: r"critical|kritisch\w*|치명",
    Severity.MAJOR: r"major|Hauptfehler|중결함|중대",
    Severity.MINOR: r"minor|Nebenfehler|geringfügig\w*|경결함|경미",
}
_ANY_SEVERE = "|".join(_SEVERE.values())
# "A 47 px region" is no 47 regions.
_NO_UNIT = r"(?!\s*(?:px|pixels?|mm|cm|µm|%|percent|times|x|×|by)\b)"
_WESTERN = re.compile(
    rf"(?<![\w.,/-])(?P<n>{_EN}|{_DE})(?![.,]?\d){_NO_UNIT}\s+(?!of\b)(?P<adj>(?:[^\W\d]+[\s-]+){{0,3}}?)"
    rf"(?P<noun>{_NOUN})\b(?!\s+(?:of|per|in der|der)\b)",
    re.IGNORECASE,
)
_OF_SEVERITY = re.compile(
    rf"(?<![\w.,/-])(?P<n>{_EN}|{_DE})\s+(?:of (?:them|these|which)\s+)?(?:are\s+|is\s+|sind\s+"
    rf"|ist\s+)?"
    rf"(?:rated\s+|graded\s+)?(?P<adj>critical|major|minor|kritisch|Hauptfehler|Nebenfehler)\b"
    r"(?![\s-]+\w)",
    re.IGNORECASE,
)
_KOREAN = re.compile(
    rf"(?P<noun>{KOREAN_NOUN}|중결함|경결함|치명 ?결함)(?:이|가|은|는|을|를|의)?\s*(?:총|모두|단"
    rf"|각각)?\s*"
    rf"(?P<n>{_KO}|하나)(?:\s*(?:개|곳|군데|건)|(?=\s*(?:있|확인|검출|발견)))"
    rf"|(?<!\d)(?P<n2>{_KO})\s*(?:개|곳|군데|건)의?\s+(?P<noun2>{KOREAN_NOUN}|중결함|경결함"
    rf"|치명 ?결함)"
    rf"|(?P<rest>나머지|그중)\s*(?P<n3>{_KO})\s*(?:개|곳|군데|건|영역)[은는이가의]?\s*(?P<noun3>{_ANY_SEVERE})?"
)
_NONE = re.compile(
    r"\b(?P<n>no|zero|kein|keine)\s+(?:(?:visible|relevant|abnormal|anomalous|auffälligen?)\s+)?"
    r"(?P<noun>defects?|regions?|deviations?|anomal(?:y|ies)|Fehler|Abweichung(?:en)?|Auffälligkeit(?:en)?)"
    r"(?=\s+(?:(?:was|were|is|are|has been|have been|wurden?)\s+)?(?:found|detected|measured"
    r"|visible"
    r"|present|gefunden|erkannt|festgestellt|gemessen))"
    r"|(?P<ko>(?:결함|이상)(?:이|은)\s*(?:없|발견되지 않|검출되지 않|확인되지 않))",
    re.IGNORECASE,
)
_FURTHER = re.compile(
    r"\b(?:other|others|further|more|additional|another|remaining|rest|smaller|weaker|weitere[nr]?"
    r"|übrigen?|andere[nr]?|restlichen?|kleinere?|next|nächsten)\b|나머지|그 밖|다른|추가",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Count:
    """A defect count stated in a sentence.

    Attributes:
        start, end: in the sentence.
        number: of defects.
        severity: that all of them have; None: not said.
        is_rest: some are left out, as in "two further regions".
    """

    start: int
    end: int
    number: int
    severity: Severity | None
    is_rest: bool


def count_words(text: str) -> list[Count]:
    """Find the defect counts in a text, from left to right."""
    found: list[Count] = []
    for pattern in (_WESTERN, _OF_SEVERITY, _KOREAN, _NONE):
        for match in pattern.finditer(text):
            named = match.groupdict()
            word = next((named[n] for n in ("n", "n2", "n3") if named.get(n)), "no").lower()
            number = int(word) if word.isdecimal() else _VALUES.get(" ".join(word.split()))
            # Letters that only look alike to the pattern, such as a long s, are no number.
            if number is None:
                continue
            around = text[max(0, match.start() - 14) : match.end()]
            found.append(
                Count(
                    match.start(),
                    match.end(),
                    number,
                    _severity(match[0]),
                    bool(_FURTHER.search(around)),
                )
            )
    return sorted(found, key=lambda count: count.start)


def check_counts(defects: Sequence[Defect], sentence: Sentence) -> Iterator[Remark]:
    """Remark on defect counts that were not measured."""
    if sentence.kind in PLANS or sentence.kind == "cause" or sentence.is_question:
        return
    counts = count_words(sentence.claims)
    if not counts:
        return
    named = named_subjects(sentence.claims, defects)
    by_place = (
        _by_place(defects, sentence) if any(not count.severity for count in counts) else set()
    )
    for count in counts:
        if count.number not in _allowed(count, defects, sentence.defects, named, by_place):
            said = sentence.claims[count.start : count.end].strip()
            yield Remark(
                rule=Rule.NUMBER,
                place=sentence.place,
                sentence=sentence.text,
                message=f"The text says {said!r}, but measured were {_measured(defects)}.",
            )


def _allowed(
    count: Count,
    defects: Sequence[Defect],
    own: Sequence[Defect],
    named: Sequence[Subject],
    by_place: set[int],
) -> set[int]:
    """Collect counts true of all defects, of a finding's own, or of those that are named."""
    ids = {defect.id for group in named for defect in group.defects}
    wholes = (defects, own) if own else (defects,)
    if count.is_rest and count.severity is None:
        return {
            number for whole in wholes for number in (len(whole) - 1, len(whole) - len(ids))
        } | {len(own) or len(defects) - 1}
    # "Two regions, D1 and D2" of a part with more of them.
    groups = {len(group.defects) for group in named if len(group.defects) > 1}
    groups |= {len(ids)} if len(ids) > 1 else set()
    if count.severity is None:
        return {len(whole) for whole in wholes} | by_place | groups
    graded = {sum(d.severity is count.severity for d in whole) for whole in wholes}
    return set(range(max(graded) + 1)) if count.is_rest else graded | groups


def _by_place(defects: Sequence[Defect], sentence: Sentence) -> set[int]:
    """Count the defects at the places that a sentence names: "two regions on the left"."""
    found: set[int] = set()
    for place in place_words(sentence.claims):
        found.add(sum(place.fits(defect.region) for defect in defects))
        found.add(sum(place.fits(defect.region) for defect in sentence.defects))
        found.add(sum(place.is_exactly(defect.region) for defect in defects))
    return found


def _severity(words: str) -> Severity | None:
    for severity, pattern in _SEVERE.items():
        if re.search(rf"\b(?:{pattern})", words, re.IGNORECASE):
            return severity
    return None


def _measured(defects: Sequence[Defect]) -> str:
    grades = ", ".join(
        f"{number} {severity.value}"
        for severity in Severity
        if (number := sum(defect.severity is severity for defect in defects))
    )
    return f"{len(defects)} ({grades})" if grades else "none"
