"""Words for places on a picture, in English, German and Korean."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

TOP, MIDDLE, BOTTOM = LEFT, CENTRE, RIGHT = -1, 0, 1
_ROWS = {
    **dict.fromkeys(("top", "upper", "oben", "ober", "위", "위쪽", "상단", "상부", "상"), TOP),
    **dict.fromkeys(("bottom", "lower", "unten", "unter", "아래", "하단", "하부", "하"), BOTTOM),
    **dict.fromkeys(("아래쪽",), BOTTOM),
}
_COLUMNS = {
    **dict.fromkeys(("left", "links", "link", "왼쪽", "좌측", "왼편", "좌"), LEFT),
    **dict.fromkeys(("right", "rechts", "recht", "오른쪽", "우측", "오른편", "우"), RIGHT),
}
_MIDDLES = ("centre", "center", "middle", "mittig", "mittler")

_PART = (
    r"(?:edge|half|third|part|corner|region|area|side|border|margin|rim|quadrant|section|portion"
    r"|zone|flank|end)"
)
_TEIL = (
    r"(?:Rand|Kante|Hälfte|Drittel|Ecke|Bereich|Teil|Seite|Viertel|Bildrand|Bildhälfte|Bildbereich"
    r"|Bildteil|Bildecke)"
)
# A place ends a phrase, or goes on to say of what it is.
_HERE = (
    r"(?=\s*(?:[.,;:)¦]|$)|-hand|\s+(?:and|or|is|are|was|were|has|have|with|shows?|in|of|edge|half"
    r"|third|part|corner|side|border|margin|rim|covers?|lies|deviates?|reaches)\b)"
)
_AT = (
    r"(?:at|near|along|in|on|close to|around|across)\s+(?:the|its)\s+(?:very\s+|far\s+|extreme\s+)?"
)
_OTHER_WHOLE = (
    r"(?!\s+of\s+(?:the\s+)?(?:batch|lot|list|scale|range|shift|run|night|week|day|stack|order"
    r"|production|process|distribution|page))"
)
_GERMAN_WHOLE = r"(?!\s+(?:der|des)\s+(?:Schicht|Woche|Monats|Charge|Loses|Liste|Skala))"

_PAIRS = re.compile(
    r"\b(?P<en_row>top|upper|bottom|lower|middle|centre|center)[\s-]+"
    r"(?P<en_col>left|right|centre|center|middle)\b"
    r"|\b(?P<en_col2>left|right)[\s-]+(?P<en_row2>top|upper|bottom|lower)\b"
    r"|\b(?P<de_row>oben|unten)[\s,-]*(?P<de_col>links|rechts|mittig)\b"
    r"|\b(?P<de_col2>links|rechts)[\s,-]*(?P<de_row2>oben|unten)\b"
    r"|\b(?P<de_row3>ober|unter|mittler)e[nrms]?,?\s+(?P<de_col3>link|recht)e[nrms]?\b"
    r"|\b(?P<de_col4>link|recht)e[nrms]?,?\s+(?P<de_row4>ober|unter|mittler)e[nrms]?\b"
    r"|(?P<ko_col>왼쪽|좌측|왼편|오른쪽|우측|오른편)[\s,]*(?P<ko_row>위|상단|상부|아래|하단|하부)(?:쪽)?"
    r"|(?P<ko_row2>위쪽|상단|상부|아래쪽|하단|하부)[\s,]*(?P<ko_col2>왼쪽|좌측|오른쪽|우측)"
    r"|(?P<ko_col3>좌|우)\s?(?P<ko_row3>상|하)(?:단|부|측)",
    re.IGNORECASE,
)
_SINGLES = re.compile(
    rf"\b(?P<part>top|upper|bottom|lower|left|right)(?:-hand)?\s+{_PART}\b{_OTHER_WHOLE}"
    rf"|\b(?P<hand>left|right)-hand\s+(?!neighbou?r|drive|thread|rule|side of the line)"
    rf"|\b{_AT}(?P<at>top|bottom|left|right)\b{_OTHER_WHOLE}{_HERE}"
    r"|[(,:;]\s*(?:the\s+)?(?P<listed>top|bottom|left|right|centre|center|middle)\s*(?=[,;).:])"
    r"|\band\s+the\s+(?P<last>top|bottom|left|right|centre|center|middle)\s*(?=[,;).])"
    r"|\b(?P<centre>(?:at|in|near|around|close to)\s+(?:the\s+|its\s+)?(?:very\s+|image\s+"
    r"|picture\s+)?"
    rf"(?:centre|center|middle))\b(?![\s-]+(?:left|right|line|core|punch|hole|pin)){_OTHER_WHOLE}"
    r"|\b(?P<central>central\s+(?:part|area|region|zone|section|portion|third)|(?:lies|located|placed"
    r"|sits|positioned)\s+centrally|centrally\s+(?:located|placed|positioned))\b"
    r"|(?<!von )(?<!nach )(?<!siehe )(?<!wie )\b(?P<de_row>oben|unten)\b"
    r"(?!\s*(?:genannt|beschrieben|erwähnt|aufgeführt|angegeben|stehend))"
    r"|(?<!von )(?<!nach )\b(?P<de_col>links|rechts)\b(?!\s+(?:vo[nm]|to|the|between|two|both)\b)"
    rf"|\b(?P<de_part>ober|unter|link|recht)e[nrms]?\s+{_TEIL}\b{_GERMAN_WHOLE}"
    rf"|\b(?P<de_centre>(?:in der|der)\s+Mitte|Bildmitte|(?:im|am)\s+Zentrum|mittig|zentral\s+"
    rf"(?:gelegen|im Bild))\b{_GERMAN_WHOLE}"
    r"|(?P<ko>왼쪽|좌측|왼편|오른쪽|우측|오른편|위쪽|상단|상부|아래쪽|하단|하부)(?!으로|에서부터)"
    r"|(?P<ko_centre>정?중앙|한?가운데|중심부|중심(?=에|부|의))",
    re.IGNORECASE,
)
# Beside the centre, or a way from one place to another: no one cell of the grid.
_NO_CELL = re.compile(r"\bof (?:the )?cent(?:re|er)|[\s-]+(?:to|towards?)\b", re.IGNORECASE)
_WAY = re.compile(
    r"\b(?:from|towards?|to|von|bis|vor|nach|into|zur?m?)\s+(?:the\s+|the\s+very\s+|der\s+|dem\s+)?$",
    re.IGNORECASE,
)
_HOUR = re.compile(
    r"(?<!\d)(1[0-2]|[1-9])(?:-|\s)*(?:o['’]clock|Uhr\b|시 ?방향)"
    r"(?!\s*(?:in the|a\.m|p\.m|this|today|yesterday|shift|morgens|abends|nachmittags))",
    re.IGNORECASE,
)
_REGION_HOUR = re.compile(r"(\d+) o'clock")
_CLOCK_ROWS = {TOP: {10, 11, 12, 1, 2}, MIDDLE: {2, 3, 4, 8, 9, 10}, BOTTOM: {4, 5, 6, 7, 8}}
_CLOCK_COLUMNS = {LEFT: {7, 8, 9, 10, 11}, CENTRE: {11, 12, 1, 5, 6, 7}, RIGHT: {1, 2, 3, 4, 5}}


@dataclass(frozen=True)
class PlaceWord:
    """A place that a text names.

    Attributes:
        start, end: in the text.
        row: -1 top, 0 middle, 1 bottom; None: not said.
        column: -1 left, 0 centre, 1 right; None: not said.
        hour: as on a clock's face; None: not said so.
    """

    start: int
    end: int
    row: int | None = None
    column: int | None = None
    hour: int | None = None

    def fits(self, region: str) -> bool:
        """Tell whether a defect's region is the place, or lies in it.

        A place that names one direction only holds for every region on that side. Hours cannot be
        compared with regions of a grid, nor with names that this system does not give.
        """
        clock = _REGION_HOUR.match(region)
        if self.hour is not None:
            return clock is None or int(clock[1]) == self.hour
        if clock is not None:
            return self._fits_hour(int(clock[1]))
        words = region.split()
        if not words or not set(words) <= {"top", "bottom", "left", "right", "centre"}:
            return True
        row = next((_ROWS[word] for word in words if word in _ROWS), MIDDLE)
        column = next((_COLUMNS[word] for word in words if word in _COLUMNS), CENTRE)
        return self.row in (None, row) and self.column in (None, column)

    def is_exactly(self, region: str) -> bool:
        """Tell whether a region is the place itself: "left" is only the left of the middle row."""
        exact = replace(self, row=self.row or MIDDLE, column=self.column or CENTRE)
        return exact.fits(region)

    def _fits_hour(self, hour: int) -> bool:
        if self.row == MIDDLE and self.column == CENTRE:
            return False
        return (self.row is None or hour in _CLOCK_ROWS[self.row]) and (
            self.column is None or hour in _CLOCK_COLUMNS[self.column]
        )


def place_words(text: str) -> list[PlaceWord]:
    """Find the places that a text names, from left to right, each once."""
    found: list[PlaceWord] = []
    taken: list[tuple[int, int]] = []
    for pattern in (_PAIRS, _SINGLES):
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(start < last and first < end for first, last in taken):
                continue
            taken.append((start, end))
            if not _WAY.search(text[max(0, start - 20) : start]) and not _NO_CELL.match(
                text[end : end + 20]
            ):
                found.append(_read(match))
    found += [
        PlaceWord(match.start(), match.end(), hour=int(match[1])) for match in _HOUR.finditer(text)
    ]
    return sorted(found, key=lambda word: word.start)


def _read(match: re.Match[str]) -> PlaceWord:
    row = column = None
    for name, value in match.groupdict().items():
        if value is None:
            continue
        word = value.lower()
        if "centre" in name or name == "central" or (name in ("listed", "last") and _mid(word)):
            row, column = MIDDLE, CENTRE
        elif _mid(word):
            row, column = (MIDDLE, column) if "row" in name else (row, CENTRE)
        else:
            # Letters that only look alike to the pattern, such as a dotless i, are in neither.
            row, column = _ROWS.get(word, row), _COLUMNS.get(word, column)
    return PlaceWord(match.start(), match.end(), row, column)


def _mid(word: str) -> bool:
    return word in _MIDDLES
