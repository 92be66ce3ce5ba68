"""Words that several pages share, and verdicts as icon, word and colour: never by colour alone."""

from __future__ import annotations

import re
from typing import Literal

import streamlit as st

from core.domain import Inspection, StepName, Verdict
from pages.texts import t
from pages.texts.labels import label

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
    """Show a verdict as icon and word, in Markdown."""
    return f":{COLOURS[verdict]}[{ICONS[verdict]} **{label(verdict)}**]"


def why_nothing(inspection: Inspection, name: StepName) -> str:
    """Say why a step of an inspection found nothing."""
    for step in inspection.steps:
        if step.name is name and step.status != "ok":
            return t("words.none_because", reason=step.reason.rstrip("."))
    return t("words.none_found")


def plain(text: str) -> str:
    """Escape a text for Markdown, so that its marks are shown and do nothing."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>$~:&])", r"\\\1", text)


def person_of() -> str:
    """Find who is at the console: the name given last, else who inspects here; empty: not told.

    Names on record are of those who acted then: none of them says who sits here now.
    """
    return st.session_state.get("person") or st.session_state.get("context-inspector") or ""


def ask_name(label: str, key: str, width: int | Literal["stretch"] = "stretch") -> str:
    """Ask for the name of the person who acts: empty, or who is at the console."""
    name = st.text_input(label, value=person_of(), key=key, width=width) or ""
    if name:
        st.session_state["person"] = name
    return name
