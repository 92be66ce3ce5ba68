"""Colours of charts, from the theme, and what tells things apart where colours do not."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
PATTERNS = ("", "/", "x", ".", "-", "\\", "|", "+")


@dataclass(frozen=True)
class Palette:
    """Colours as #rrggbb.

    Attributes:
        main: what a chart is about.
        calm: what it is held against: centre lines, normals.
        limit: limits and thresholds.
        alarm: what a person should look at.
        good: what is as it should be.
        ground: behind the chart.
    """

    main: str
    calm: str
    limit: str
    alarm: str
    good: str
    ground: str

    @property
    def series(self) -> tuple[str, ...]:
        """Colours of equal series, in their order; `PATTERNS` go with them."""
        return (self.main, self.limit, self.calm, self.good, self.alarm)


def palette() -> Palette:
    """Choose the colours of the theme that the browser shows."""
    kind = "dark" if st.context.theme.type == "dark" else "light"

    def colour(name: str) -> str:
        return str(st.get_option(f"theme.{kind}.{name}"))

    return Palette(
        main=colour("primaryColor"),
        calm=colour("grayColor"),
        limit=colour("orangeColor"),
        alarm=colour("redColor"),
        good=colour("greenColor"),
        ground=colour("backgroundColor"),
    )


def faint(colour: str, opacity: float) -> str:
    """Make a colour translucent.

    Example:
        >>> faint("#ff8000", 0.5)
        'rgba(255, 128, 0, 0.5)'
    """
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"
