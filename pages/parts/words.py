"""Verdicts as icon, word and colour: never by colour alone."""

from __future__ import annotations

import re
from typing import Literal

import streamlit as st

from core.domain import Inspection, Verdict

Colour = Literal["green", "orange", "red"]

ICONS: dict[Verdict, str] = {
    Verdict.PASS: ":material/check_circle:",
    Verdict.REVIEW: ":material/visibility:",
    Verdict.FAIL: ":material/cancel:",
}
COLOURS: dict[Verdict, Colour] = {
    Verdict.PASS: "green",
    Verdict.REVIEW: "orange",
    Verdict.FAIL: "red",
}


def verdict_text(verdict: Verdict) -> str:
    """Icon and word, in Markdown."""
    return f":{COLOURS[verdict]}[{ICONS[verdict]} **{verdict.value}**]"


def why_nothing(inspection: Inspection, step_name: str) -> str:
    """Why a step of an inspection found nothing."""
    for step in inspection.steps:
        if step.name == step_name and step.status != "ok":
            return f"None: {step.reason.rstrip('.')}."
    return "None found."


def plain(text: str) -> str:
    """Text of others for a place that takes Markdown: its marks are shown, and do nothing."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>$~:&])", r"\\\1", text)


def person_of(inspection: Inspection) -> str:
    """Who is at the console: the name given last, else the inspection's inspector."""
    return st.session_state.get("person", inspection.context.inspector)
