"""Numbers in a text: what they are given in, what they are called, how they are rounded."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.reporting.grounding.counts import count_words
from core.reporting.grounding.figures import Kind, Unit
from core.reporting.grounding.quotes import BLANK

NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.,/¦])(?<![A-Za-zÄÖÜäöü]-)(\d{1,12}(?:[.,]\d{1,12}){0,3})(?![\d])(?![.,]\d)"
)
_SIZE = re.compile(
    r"(?<![A-Za-z0-9_.,])(\d{1,7})\s*(?:px|pixels?)?\s*(?:x|×|by|mal|\*)\s*(\d{1,7})(?![\d.,]*\d)",
    re.IGNORECASE,
)
_FACTOR_WORDS = (
    r"two|three|four|five|six|seven|eight|nine|ten|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn"
)
_WORD_TIMES = re.compile(
    rf"\b({_FACTOR_WORDS})[\s-]*(?:times|fold|fach\w*|mal)\b(?=[^.;]{{0,30}}"
    r"(?:long|wide|threshold|limit|lang|breit|schwelle|grenze))",
    re.IGNORECASE,
)
_FACTORS: dict[str, int] = {
    word: 2 + number % 9 for number, word in enumerate(_FACTOR_WORDS.split("|"))
}
# Numbers that measure nothing: dates, hours, standards, ordinals, list numerals, grids.
_NAMES = re.compile(
    r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?|\b\d{1,2}\.\s?\d{1,2}\.\s?(?:\d{4}"
    r"|\d{2})\b"
    r"|\b\d{1,2}:\d{2}(?::\d{2})?\b|\d{4}년(?:\s*\d{1,2}월)?(?:\s*\d{1,2}일)?|\d{1,2}월\s*\d{1,2}일"
    r"|\b(?:ISO|DIN|EN|IEC|IPC|ASTM|KS|JIS|IATF|VDA|AQL|AIAG|MIL-STD|UL|SEMI"
    r"|GB/T)[ /A-Z-]{0,12}\d[\d.:-]*"
    r"|\b\d{1,3}(?:st|nd|rd|th)\b|\b\d{1,2}(?:-|\s)*(?:o['’]clock|Uhr\b|시 ?방향)"
    r"|^\s*\(?\d{1,2}[.)](?=\s)|\(\d\)|\b3\s?[x×]\s?3(?=\s*(?:grid|Raster|격자|그리드))"
    r"|\b(?:19|20)\d{2}\b(?!\s*(?:px|%|mm|pixel))",
    re.IGNORECASE,
)
_UNITS: tuple[tuple[str, Unit | None, float], ...] = (
    (r"%|percent\b|per cent\b|prozent\b|퍼센트|프로", Unit.PERCENT, 1),
    (r"mm\s?(?:²|\^?2)|sq\.? ?mm|square milli\w+|quadratmilli\w+|(?:제곱|평방) ?밀리", Unit.MM2, 1),
    (r"cm\s?(?:²|\^?2)", Unit.MM2, 100),
    (r"mm\b(?!/)|millimet\w+|millimeter\w*|밀리미터|mm(?=[가-힣])", Unit.MM, 1),
    (r"cm\b|zentimeter\w*|센티미터", Unit.MM, 10),
    (r"µm\b|μm\b|microns?\b", Unit.MM, 0.001),
    (r"px|pixels?\b|pixeln?\b|픽셀|화소", Unit.PIXELS, 1),
    (r"°\s?[CFK]\b|degrees? (?:celsius|fahrenheit)|grad celsius", None, 1),
    (r"°|degrees?\b|deg\b|grad\b|도(?![가-힣])", Unit.DEGREES, 1),
    (r"times\b|[\s-]?fold\b|[x×](?![\w])|-?mal\b|-?fach\w*|배", Unit.TIMES, 1),
)  # fmt: skip
_UNIT = re.compile(
    r"\s*(?:" + "|".join(f"(?P<u{at}>{words})" for at, (words, _, _) in enumerate(_UNITS)) + ")",
    re.IGNORECASE,
)
_FILL = (
    r"(?:[\s:=(,]|of|is|was|are|at|with|all|value|values|level|von|ist|war|beträgt|betrug|bei|mit|der"
    r"|des|um|lies|about|approximately|roughly|around|rund|etwa|ca\.|liegt|약|은|는|이|가|값은|값|의){0,6}$"
)
_KINDS: tuple[tuple[str, Kind], ...] = (
    (r"review[\s-]*(?:threshold|limit)|prüfschwelle|prüfgrenze|검토 ?(?:기준|임계값)", Kind.REVIEW),
    (r"fail(?:ure)?[\s-]*(?:threshold|limit)|fehlerschwelle|불합격 ?(?:기준|임계값)", Kind.FAIL),
    (r"thresholds?|limit|schwelle|grenze|grenzwert|임계값|임계치"
     r"|(?<!검토 )(?<!불합격 )기준", Kind.THRESHOLD),
    (r"\bscores?|점수", Kind.SCORE),
    (r"\bpeaks?|spitzenwerte?|최댓값|최대값", Kind.PEAK),
    (r"\bmean|mittelwerte?|평균값?", Kind.MEAN),
    (r"similarity|ähnlichkeit|유사도", Kind.SIMILARITY),
)  # fmt: skip
_KIND = re.compile(
    "(?:" + "|".join(f"(?P<k{at}>{words})" for at, (words, _) in enumerate(_KINDS)) + ")" + _FILL,
    re.IGNORECASE,
)
# What a percentage is a share of stands after it, in Korean before it.
_SHARES: tuple[tuple[re.Pattern[str], re.Pattern[str], Kind], ...] = tuple(
    (re.compile(rf"(?:{before})\s*$", re.IGNORECASE), re.compile(behind, re.IGNORECASE), kind)
    for before, behind, kind in (
        (
            r"정상[^.,;]{0,8}의|양품[은이가의]? ?(?:최대|약)?",
            r"\s*(?:of\s+)?(?:(?:all|the|these|those|them|der|aller|\d+)\s+){0,3}"
            r"(?:held|normals?|good|reference|zurückgehalten|gutteil|normalteil)",
            Kind.OF_NORMALS,
        ),
        (
            r"(?:사진|화면|이미지|전체)[^.,;]{0,6}의|면적[은이가]?",
            r"\s*(?:of\s+)?(?:the\s+)?(?:picture|image|frame|des Bildes|der Bildfläche)",
            Kind.OF_PICTURE,
        ),
        (r"신뢰도|confidence(?: of)?|konfidenz(?: von)?", r"\s*(?:confidence"
         r"|konfidenz)", Kind.CONFIDENCE),
    )
)  # fmt: skip
# How much larger one defect is than another: not measured as such, so not held to it.
_COMPARED = re.compile(
    r"\s*(?:as (?:large|big|strong)|larger|bigger|stronger|so (?:groß|stark)"
    r"|größer"
    r"|(?:더 )?(?:크|큰))",
    re.IGNORECASE,
)
# Durations, which no picture measures.
_TIME = re.compile(
    r"[\s-]*(?:(?:years?|months?|weeks?|days?|hours?|minutes?|seconds?|shifts?|jahren?"
    r"|monaten?|wochen?|tagen?|stunden?|minuten?|sekunden?|schichten?)\b"
    r"|년|개월|주일|일간|일 이내|시간|분간)",
    re.IGNORECASE,
)
_POSITION = re.compile(r"\b[xy]\s*[=:≈]\s*$")
_ABOUT = re.compile(
    r"(?:about|around|approximately|approx\.|roughly|nearly|almost|some|circa|ca\.|etwa|rund|ungefähr"
    r"|knapp|fast|약|대략|거의|~|≈)\s*(?:the\s+)?$",
    re.IGNORECASE,
)
# A size may be told by what it stays under or goes beyond; a score, by figures on record only.
_SIZES = frozenset({Unit.PIXELS, Unit.MM, Unit.MM2})
_OVER = re.compile(
    r"(?:more than|over|above|at least|larger than|greater than|exceed(?:s|ing)?|beyond|mehr als"
    r"|über|mindestens|größer als)\s*$",
    re.IGNORECASE,
)
_UNDER = re.compile(
    r"(?:less than|under|below|at most|up to|no (?:more|larger) than|smaller than|within"
    r"|weniger als|unter|höchstens|bis zu|kleiner als)\s*$",
    re.IGNORECASE,
)
_NOT_OVER = re.compile(r"\b(?:none|no|not|never|kein\w*|nicht)\b", re.IGNORECASE)
_NEARBY_LETTERS = 40


@dataclass(frozen=True)
class Said:
    """A number in a sentence.

    Attributes:
        start, end: in the sentence, with its unit.
        ranges: of the figures that it can stand for, one for each way to read its separators;
            empty: it measures nothing that the evidence could hold.
        unit: None: one that nothing here is measured in.
        kind: what it is called; None: not said.
        is_whole: no decimals, no unit.
    """

    start: int
    end: int
    ranges: tuple[tuple[float, float], ...]
    unit: Unit | None
    kind: Kind | None
    is_whole: bool


def said_numbers(text: str, own_names: Sequence[str] = ()) -> list[Said]:
    """Find the numbers in a text that may be measurements, from left to right."""
    kept = list(text)
    for match in _NAMES.finditer(text):
        kept[match.start() : match.end()] = BLANK * len(match[0])
    for name in own_names:
        for match in re.finditer(re.escape(name), text):
            kept[match.start() : match.end()] = BLANK * len(name)
    found: list[Said] = []
    for match in _SIZE.finditer("".join(kept)):
        for group in (1, 2):
            kept[match.start(group) : match.end(group)] = BLANK * len(match[group])
            found.append(
                Said(*match.span(group), _ranges(match[group], ""), Unit.SIDE, None, False)
            )
    for match in _WORD_TIMES.finditer(text):
        value = _FACTORS.get(match[1].lower())
        # Letters that only look alike to the pattern, such as a long s, are no number.
        if value is not None:
            found.append(Said(*match.span(), ((value - 0.5, value + 1),), Unit.TIMES, None, False))
    counted = count_words(text)
    plain = "".join(kept)
    for match in NUMBER.finditer(plain):
        if not any(count.start <= match.start() < count.end for count in counted):
            found.append(_read(plain, match))
    return sorted(found, key=lambda number: number.start)


def _read(text: str, match: re.Match[str]) -> Said:
    before = text[max(0, match.start() - _NEARBY_LETTERS) : match.start()]
    behind = text[match.end() : match.end() + 50]
    if named := _UNIT.match(behind):
        _, unit, factor = _UNITS[int(str(named.lastgroup)[1:])]
        end, after = match.end() + named.end(), behind[named.end() :]
        if unit is Unit.TIMES and _COMPARED.match(after):
            return Said(match.start(), end, (), unit, None, False)
        ranges = tuple((a * factor, b * factor) for a, b in _ranges(match[1], before))
        share = _share(before, after) if unit is Unit.PERCENT else None
        if unit in _SIZES or share is Kind.OF_PICTURE:
            ranges = tuple(_open(before, *limits) for limits in ranges)
        return Said(match.start(), end, ranges, unit, share, False)
    if _TIME.match(behind):
        return Said(*match.span(), (), Unit.PLAIN, None, False)
    if _POSITION.search(before):
        return Said(*match.span(), _ranges(match[1], before), Unit.POSITION, None, False)
    called = _KIND.search(before)
    kind = _KINDS[int(str(called.lastgroup)[1:])][1] if called else None
    is_whole = match[1].isdigit()
    return Said(*match.span(), _ranges(match[1], before), Unit.PLAIN, kind, is_whole)


def _share(before: str, behind: str) -> Kind | None:
    """Find what a percentage is a share of; None: not said."""
    for korean, western, kind in _SHARES:
        if western.match(behind) or korean.search(before):
            return kind
    return None


def _ranges(digits: str, before: str) -> tuple[tuple[float, float], ...]:
    """Bound what a number stands for: rounded or cut at its last digit, wider after "about"."""
    ranges: list[tuple[float, float]] = []
    for plain in _readings(digits):
        value, unit = float(plain), 10.0 ** -len(plain.partition(".")[2])
        low, high = value - 0.5 * unit - 1e-9, value + unit - 1e-9
        if _ABOUT.search(before):
            low, high = min(low, 0.95 * value), max(high, 1.05 * value)
        ranges.append((low, high))
    return tuple(ranges)


def _open(before: str, low: float, high: float) -> tuple[float, float]:
    """Bound a figure that is stated as under or over a number."""
    if _UNDER.search(before) or (_OVER.search(before) and _NOT_OVER.search(before)):
        return 0, high
    return (low, math.inf) if _OVER.search(before) else (low, high)


def _readings(digits: str) -> list[str]:
    """Read a number as floats; "1,240" may be 1240 or 1.24, depending on the language."""
    marks = [mark for mark in digits if mark in ".,"]
    if not marks:
        return [digits]
    parts = re.split(r"[.,]", digits)
    readings = []
    if all(len(part) == 3 for part in parts[1:]) and len(parts[0]) <= 3 and parts[0] != "0":
        readings.append("".join(parts))
    if len(marks) == 1 or marks[-1] not in marks[:-1]:
        readings.append(f"{''.join(parts[:-1])}.{parts[-1]}")
    return readings or ["".join(parts)]
