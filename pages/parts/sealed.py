"""A part that was drawn for an audit: its finding is hidden until a person has decided."""

from __future__ import annotations

import streamlit as st

from core.domain import Inspection
from core.records.audits import open_finding
from core.services.station import Station
from pages.parts.errors import shown_to_the_operator
from pages.texts import t


def open_finding_button(station: Station, inspection: Inspection, person: str) -> None:
    """Offer to see the finding before the decision, with name and reason, on record."""
    panel = st.popover(
        t("sealed.open"), icon=":material/visibility:", width="stretch", key="open-finding"
    )
    with panel, st.form(f"open-finding-{inspection.id}", border=False):
        st.caption(t("sealed.open_help"))
        reason = st.text_input(t("sealed.reason"))
        name = st.text_input(t("sealed.name"), value=person)
        pressed = st.form_submit_button(t("sealed.open"), icon=":material/visibility:")
    if pressed:
        with shown_to_the_operator():
            open_finding(station.records, inspection.id, reason, name)
            st.session_state["person"] = name
            st.rerun()


def note_seen(inspection: Inspection) -> None:
    """Note that this person has seen the finding: a later decision is not a blind one."""
    st.session_state.setdefault("findings-seen", set()).add(inspection.id)


def was_seen(inspection: Inspection) -> bool:
    """Say whether this person has seen the finding in this session."""
    return inspection.id in st.session_state.get("findings-seen", ())
