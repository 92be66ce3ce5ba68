"""Numbers that a report says agree with the measured figures, within the rounding they are said in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.domain import Defect, Evidence, Remark, Rule
from core.reporting.grounding.counts import check_counts, count_words
from core.reporting.grounding.figures import Figures, Kind, Unit
from core.reporting.grounding.quotes import BLANK
from core.reporting.grounding.sentences import PLANS, Sentence
from core.reporting.grounding.subjects import DEFECT_ID, Subject, all_defects, bound

_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.,/¦])(?<![A-Za-zÄÖÜäöü]-)(\d{1,12}(?:[.,]\d{1,12}){0,3})(?![\d])(?![.,]\d)"
)
_SIZE = re.compile(
    r"(?<![A-Za-z0-9_.,])(\d{1,7})\s*(?:px|pixels?)?\s*(?:x|×|by|mal|\*)\s*(\d{1,7})(?![\d.,]*\d)",
    re.IGNORECASE,
)
_SIX = (
    r"two|three|four|five|six|seven|eight|nine|ten|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn"
)
_WORD_TIMES = re.compile(
    rf"\b({_SIX})[\s-]*(?:times|fold|fach\w*|mal)\b(?=[^.;]{{0,30}}"
    r"(?:long|wide|threshold|limit|lang|breit|schwelle|grenze))",
    re.IGNORECASE,
)
_WORDS = {word: number for number, word in enumerate(_SIX.split("|")[:9], start=2)}
_WORDS |= {word: number for number, word in enumerate(_SIX.split("|")[9:], start=2)}
# Numbers that measure nothing: dates, hours, standards, ordinals, list numerals, grids.
_NAMES = re.compile(
    r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?|\b\d{1,2}\.\s?\d{1,2}\.\s?(?:\d{4}|\d{2})\b"
    r"|\b\d{1,2}:\d{2}(?::\d{2})?\b|\d{4}년(?:\s*\d{1,2}월)?(?:\s*\d{1,2}일)?|\d{1,2}월\s*\d{1,2}일"
    r"|\b(?:ISO|DIN|EN|IEC|IPC|ASTM|KS|JIS|IATF|VDA|AQL|AIAG|MIL-STD|UL|SEMI|GB/T)[ /A-Z-]{0,12}\d[\d.:-]*"
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
    (r"thresholds?|limit|schwelle|grenze|grenzwert|임계값|임계치|(?<!검토 )(?<!불합격 )기준", Kind.THRESHOLD),
    (r"\bscores?|점수", Kind.SCORE),
    (r"\bpeaks?|spitzenwerte?|최댓값|최대값", Kind.PEAK),
    (r"\bmean|mittelwerte?|평균값?", Kind.MEAN),
    (r"similarity|ähnlichkeit|유사도", Kind.SIMILARITY),
)  # fmt: skip
_KIND = re.compile(
    "(?:" + "|".join(f"(?P<k{at}>{words})" for at, (words, _) in enumerate(_KINDS)) + ")" + _FILL,
    re.IGNORECASE,
)
# What a share is of stands behind it, in Korean before it.
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
        (r"신뢰도|confidence(?: of)?|konfidenz(?: von)?", r"\s*(?:confidence|konfidenz)", Kind.CONFIDENCE),
    )
)  # fmt: skip
# How much larger one defect is than another: not measured as such, so not held to it.
_COMPARED = re.compile(
    r"\s*(?:as (?:large|big|strong)|larger|bigger|stronger|so (?:groß|stark)|größer|(?:더 )?(?:크|큰))",
    re.IGNORECASE,
)
_POSITION = re.compile(r"\b[xy]\s*[=:≈]\s*$")
_ABOUT = re.compile(
    r"(?:about|around|approximately|approx\.|roughly|nearly|almost|some|circa|ca\.|etwa|rund|ungefähr"
    r"|knapp|fast|약|대략|거의|~|≈)\s*(?:the\s+)?$",
    re.IGNORECASE,
)
_MORE = re.compile(r"(?:more than|mehr als)\s*$", re.IGNORECASE)
_LESS = re.compile(r"(?:less than|weniger als)\s*$", re.IGNORECASE)
_SAID_OF = 40
_HARMLESS = 10


@dataclass(frozen=True)
class Said:
    """A number in a sentence.

    Attributes:
        start, end: in the sentence, with its unit.
        ranges: of the figures that it can stand for, one for each way to read its separators.
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


def check_numbers(evidence: Evidence, sentences: Sequence[Sentence]) -> Iterator[Remark]:
    """Remarks on numbers that were not measured."""
    figures = Figures(evidence)
    own_names = _own_names(evidence)
    quoted = {
        snippet.id: {match[1] for match in _NUMBER.finditer(snippet.text)}
        for snippet in evidence.snippets
    }
    for sentence in sentences:
        yield from check_counts(evidence.defects, sentence)
        numbers = said_numbers(sentence.claims, own_names)
        groups = bound(sentence, evidence.defects, [number.start for number in numbers])
        for number, group in zip(numbers, groups, strict=True):
            text = sentence.claims[number.start : number.end].strip()
            if any(text.startswith(q) for s in sentence.snippets for q in quoted[s.id]):
                continue
            if _is_checked(number, sentence) and not _is_measured(number, group, figures, evidence):
                yield Remark(
                    rule=Rule.NUMBER,
                    place=sentence.place,
                    sentence=sentence.text,
                    message=_message(text, number, all_defects(group), figures),
                )


def said_numbers(text: str, own_names: Sequence[str] = ()) -> list[Said]:
    """The numbers of a text that may measure something, from left to right."""
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
        value = _WORDS[match[1].lower()]
        found.append(Said(*match.span(), ((value - 0.5, value + 1),), Unit.TIMES, None, False))
    counted = count_words(text)
    plain = "".join(kept)
    for match in _NUMBER.finditer(plain):
        if not any(count.start <= match.start() < count.end for count in counted):
            found.append(_read(plain, match))
    return sorted(found, key=lambda number: number.start)


def _read(text: str, match: re.Match[str]) -> Said:
    before = text[max(0, match.start() - _SAID_OF) : match.start()]
    behind = text[match.end() : match.end() + 50]
    if named := _UNIT.match(behind):
        _, unit, factor = _UNITS[int(str(named.lastgroup)[1:])]
        end, after = match.end() + named.end(), behind[named.end() :]
        if unit is Unit.TIMES and _COMPARED.match(after):
            return Said(match.start(), end, (), unit, None, False)
        ranges = tuple((a * factor, b * factor) for a, b in _ranges(match[1], before))
        share = _share(before, after) if unit is Unit.PERCENT else None
        return Said(match.start(), end, ranges, unit, share, False)
    if _POSITION.search(before):
        return Said(*match.span(), _ranges(match[1], before), Unit.POSITION, None, False)
    called = _KIND.search(before)
    kind = _KINDS[int(str(called.lastgroup)[1:])][1] if called else None
    is_whole = match[1].isdigit()
    return Said(*match.span(), _ranges(match[1], before), Unit.PLAIN, kind, is_whole)


def _share(before: str, behind: str) -> Kind | None:
    """What a percentage is a share of; None: not said."""
    for korean, western, kind in _SHARES:
        if western.match(behind) or korean.search(before):
            return kind
    return None


def _ranges(digits: str, before: str) -> tuple[tuple[float, float], ...]:
    """What a number stands for: rounded, or cut off, at its last digit; more when it is "about"."""
    ranges: list[tuple[float, float]] = []
    for plain in _readings(digits):
        value, unit = float(plain), 10.0 ** -len(plain.partition(".")[2])
        low, high = value - 0.5 * unit - 1e-9, value + unit - 1e-9
        if _ABOUT.search(before):
            low, high = min(low, 0.95 * value), max(high, 1.05 * value)
        elif _MORE.search(before):
            low, high = value, 1.5 * value
        elif _LESS.search(before):
            low, high = value / 1.5, value
        ranges.append((low, high))
    return tuple(ranges)


def _readings(digits: str) -> list[str]:
    """A number as a Python float; "1,240" may be 1240 or 1.24, as the language has it."""
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


def _is_checked(number: Said, sentence: Sentence) -> bool:
    """Whether a number says what is; plans and questions say what shall be measured or done."""
    if sentence.kind in PLANS and number.kind is None and not DEFECT_ID.search(sentence.claims):
        return False
    if number.kind is not None or not number.is_whole:
        return True
    return number.ranges[0][0] > _HARMLESS and sentence.kind not in PLANS


def _is_measured(
    number: Said, group: Sequence[Subject], figures: Figures, evidence: Evidence
) -> bool:
    if number.unit is None or not number.ranges:
        return number.unit is not None
    defects = all_defects(group)
    if number.kind is None:
        return any(figures.holds(number.unit, defects, *limits) for limits in number.ranges)
    known = figures.of_kind(number.kind, defects or evidence.defects)
    return any(low <= value <= high for low, high in number.ranges for value in known)


def _own_names(evidence: Evidence) -> tuple[str, ...]:
    """Names with digits in them, which are no figures."""
    names = [evidence.product.key, evidence.product.category, evidence.product.dataset]
    names += [exemplar.filename for exemplar in evidence.exemplars]
    names += [snippet.title for snippet in evidence.snippets]
    return tuple(name for name in names if any(letter.isdigit() for letter in name))


def _message(text: str, number: Said, defects: Sequence[Defect], figures: Figures) -> str:
    if number.kind is None:
        return f"Nothing that was measured is {text!r}, and no cited knowledge says it."
    known = ", ".join(f"{value:.3f}" for value in figures.of_kind(number.kind, defects)[:6])
    return f"The text says {number.kind.value} {text}, but measured was {known or 'none'}."
