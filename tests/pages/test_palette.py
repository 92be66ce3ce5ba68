"""Colours of the themes can be read: contrasts as WCAG 2 computes them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"
# WCAG 2, level AA: text, and what is not text but has to be told from its ground.
TEXT = 4.5
GRAPHICS = 3.0


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_buttons_and_lines_of_a_theme_can_be_read(theme: str) -> None:
    colours = tomllib.loads(CONFIG.read_text("utf-8"))["theme"][theme]
    main, ground = colours["primaryColor"], colours["backgroundColor"]

    # Streamlit writes white on its primary buttons in both themes.
    assert contrast("#ffffff", main) >= TEXT
    assert contrast(colours["textColor"], ground) >= TEXT
    for name in ("primaryColor", "grayColor", "orangeColor", "redColor", "greenColor"):
        assert contrast(colours[name], ground) >= GRAPHICS, name


def test_contrasts_are_those_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
