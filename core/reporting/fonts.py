"""Fonts that packages ship: Noto Sans for Latin, Greek and Cyrillic, Nanum Gothic for Hangul."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import InspectionError

if TYPE_CHECKING:
    from fpdf import FPDF

FAMILY = "NotoSans"
HANGUL = "NanumGothic"
BOLD_WEIGHT = 700


def add_fonts(pdf: FPDF) -> None:
    """Make a document able to print English, German, Korean and their neighbours.

    Raises:
        InspectionError: if a package that ships a font is not installed.
    """
    latin = _package_folder("fontpkg_noto_sans", "fontpkg-noto-sans") / "files"
    hangul = _package_folder("koreanize_matplotlib", "koreanize-matplotlib") / "fonts"
    variable = latin / "NotoSans[wdth,wght].ttf"
    pdf.add_font(FAMILY, "", variable)
    pdf.add_font(FAMILY, "B", variable, variations={"wght": BOLD_WEIGHT})
    pdf.add_font(HANGUL, "", hangul / "NanumGothic.ttf")
    pdf.add_font(HANGUL, "B", hangul / "NanumGothicBold.ttf")
    pdf.set_fallback_fonts([HANGUL], exact_match=False)


def _package_folder(module: str, package: str) -> Path:
    # Found, not imported: koreanize_matplotlib would import matplotlib.
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise InspectionError(
            f"Printing needs the fonts of the package {package}, which is not installed. "
            "Run: pip install -r requirements.txt"
        )
    return Path(found.origin).parent
