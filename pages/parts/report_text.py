"""A report's texts to read, with what another report does not say marked."""

from __future__ import annotations

import html

import streamlit as st

from core.domain import Report
from core.reporting.differences import fields, marked


def show_report_text(report: Report, other: Report | None) -> None:
    """Show the texts of a report by field; words that the other one lacks are underlined."""
    others = fields(other) if other else {}
    for name, text in fields(report).items():
        if not text:
            continue
        pieces = marked(text, others.get(name, "")) if other else [(text, False)]
        words = "".join(
            f"<u>{html.escape(piece)}</u>" if is_own else html.escape(piece)
            for piece, is_own in pieces
        )
        st.html(f"<strong>{html.escape(name)}</strong><br>{words.replace(chr(10), '<br>')}")
