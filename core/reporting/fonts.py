"""Fonts that packages ship: DejaVu Sans for Latin, Greek and Cyrillic, Nanum Gothic for Hangul."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import InspectionError

if TYPE_CHECKING:
    from fpdf import FPDF

FAMILY = "DejaVuSans"
HANGUL = "NanumGothic"


def add_fonts(pdf: FPDF) -> None:
    """Make a document able to print English, German, Korean and their neighbours.

    Raises:
        InspectionError: if a package that ships a font is not installed.
    """
    # Its warnings name tables of fonts that printing does not need.
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    latin = _package_folder("matplotlib", "matplotlib") / "mpl-data" / "fonts" / "ttf"
    hangul = _package_folder("koreanize_matplotlib", "koreanize-matplotlib") / "fonts"
    pdf.add_font(FAMILY, "", latin / "DejaVuSans.ttf")
    pdf.add_font(FAMILY, "B", latin / "DejaVuSans-Bold.ttf")
    pdf.add_font(HANGUL, "", hangul / "NanumGothic.ttf")
    pdf.add_font(HANGUL, "B", hangul / "NanumGothicBold.ttf")
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
