"""Words that several pages share, and verdicts as icon, word and colour: never by colour alone."""

from __future__ import annotations

import re
from typing import Literal

import streamlit as st

from core.domain import Disposition, Inspection, Severity, Verdict
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


def verdict_name(verdict: Verdict) -> str:
    """A verdict in the console's language."""
    return {
        Verdict.PASS: t("words.pass"),
        Verdict.REVIEW: t("words.review"),
        Verdict.FAIL: t("words.fail"),
    }[verdict]


def disposition_name(disposition: Disposition | None) -> str:
    """A disposition in the console's language; None: open."""
    if disposition is None:
        return t("words.open")
    return {
        Disposition.USE_AS_IS: t("words.use_as_is"),
        Disposition.REWORK: t("words.rework"),
        Disposition.REPAIR: t("words.repair"),
        Disposition.SCRAP: t("words.scrap"),
        Disposition.RETURN_TO_SUPPLIER: t("words.return_to_supplier"),
        Disposition.REINSPECT: t("words.reinspect"),
        Disposition.VOID: t("words.void"),
    }[disposition]


def severity_name(severity: Severity) -> str:
    """A severity in the console's language."""
    return {
        Severity.CRITICAL: t("words.critical"),
        Severity.MAJOR: t("words.major"),
        Severity.MINOR: t("words.minor"),
    }[severity]


def region_name(region: str) -> str:
    """A region of the 3x3 grid in the console's language."""
    return {
        "top left": t("words.top_left"),
        "top": t("words.top"),
        "top right": t("words.top_right"),
        "left": t("words.left"),
        "centre": t("words.centre"),
        "right": t("words.right"),
        "bottom left": t("words.bottom_left"),
        "bottom": t("words.bottom"),
        "bottom right": t("words.bottom_right"),
    }[region]


def verdict_text(verdict: Verdict) -> str:
    """Icon and word, in Markdown."""
    return f":{COLOURS[verdict]}[{ICONS[verdict]} **{verdict_name(verdict)}**]"


def why_nothing(inspection: Inspection, step_name: str) -> str:
    """Why a step of an inspection found nothing."""
    for step in inspection.steps:
        if step.name == step_name and step.status != "ok":
            return t("words.none_because", reason=step.reason.rstrip("."))
    return t("words.none_found")


def plain(text: str) -> str:
    """Text of others for a place that takes Markdown: its marks are shown, and do nothing."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>$~:&])", r"\\\1", text)


def person_of(inspection: Inspection | None = None) -> str:
    """Who is at the console: the name given last, else who inspects, or has inspected."""
    return (
        st.session_state.get("person")
        or st.session_state.get("context-inspector")
        or (inspection.context.inspector if inspection else "")
    )
