"""Verdicts as icon, word and colour: never by colour alone."""

from __future__ import annotations

import re
from typing import Literal

import streamlit as st

from core.domain import Disposition, Inspection, Verdict
from pages.texts import t

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

# For places that show no icons, such as cells of a table.
SIGNS: dict[Verdict, str] = {Verdict.PASS: "✓", Verdict.REVIEW: "◐", Verdict.FAIL: "✕"}


def verdict_text(verdict: Verdict) -> str:
    """Icon and word, in Markdown."""
    return f":{COLOURS[verdict]}[{ICONS[verdict]} **{verdict.value}**]"


def disposition_text(disposition: Disposition | None) -> str:
    """A person's decision; None: there is none yet."""
    match disposition:
        case None:
            return t("words.open")
        case Disposition.USE_AS_IS:
            return t("words.use_as_is")
        case Disposition.REWORK:
            return t("words.rework")
        case Disposition.REPAIR:
            return t("words.repair")
        case Disposition.SCRAP:
            return t("words.scrap")
        case Disposition.RETURN_TO_SUPPLIER:
            return t("words.return_to_supplier")
        case Disposition.REINSPECT:
            return t("words.reinspect")
        case Disposition.VOID:
            return t("words.void")


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
