"""Fonts that packages ship: DejaVu Sans from Latin to Arabic, Nanum Gothic for Hangul."""

from __future__ import annotations

import importlib.util
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain.errors import InspectionError

if TYPE_CHECKING:
    from fpdf import FPDF

FAMILY = "DejaVuSans"
HANGUL = "NanumGothic"
# Hangul and the scripts beside it, which DejaVu Sans lacks: jamo, CJK, syllables, full width.
# Circled numbers and letters, and a few signs of mathematics, are in the Hangul font alone too.
EAST_ASIAN = re.compile(
    "[\u1100-\u11ff\u2312-\u2314\u2460-\u24ff\u2964\u2965\u2ac5-\u2acc\u2e80-\ud7ff\uf900-\uffef]"
)
RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


def needs_hangul(text: str) -> bool:
    """Tell whether a text has characters that only the Hangul font can print.

    Example:
        >>> needs_hangul("Riss 3 mm²"), needs_hangul("균열")
        (False, True)
    """
    return EAST_ASIAN.search(text) is not None


def add_fonts(pdf: FPDF, text: str) -> None:
    """Make a document able to print a text, as far as packages ship fonts for it.

    Args:
        pdf: to be printed on.
        text: all that may be printed: reading the Hangul font takes longer than all else on a page,
            and Arabic and Hebrew are shaped and run from the right.

    Raises:
        InspectionError: if a package that ships a font is not installed.
    """
    # Its warnings name tables of fonts that printing does not need.
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    latin = _package_folder("matplotlib", "matplotlib") / "mpl-data" / "fonts" / "ttf"
    pdf.add_font(FAMILY, "", latin / "DejaVuSans.ttf")
    pdf.add_font(FAMILY, "B", latin / "DejaVuSans-Bold.ttf")
    if RIGHT_TO_LEFT.search(text):
        pdf.set_text_shaping(True)
    if not needs_hangul(text):
        return
    korean = _package_folder("koreanize_matplotlib", "koreanize-matplotlib") / "fonts"
    pdf.add_font(HANGUL, "", korean / "NanumGothic.ttf")
    pdf.add_font(HANGUL, "B", korean / "NanumGothicBold.ttf")
    pdf.set_fallback_fonts([HANGUL], exact_match=False)


def _package_folder(module: str, package: str) -> Path:
    # Found, not imported: matplotlib takes its time.
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise InspectionError(
            f"Printing needs the fonts of the package {package}, which is not installed. "
            "Run: pip install -r requirements.txt"
        )
    return Path(found.origin).parent
