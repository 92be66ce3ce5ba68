"""What a person decides about the part."""

from __future__ import annotations

import streamlit as st

from core.domain import Disposition, Inspection
from core.workbench import Workbench
from pages.parts.errors import shown_to_the_operator
from pages.parts.words import person_of, plain


def show_disposition(bench: Workbench, inspection: Inspection) -> None:
    """The decisions so far, and the form for the next; none changes the machine's verdict."""
    for entry in inspection.dispositions:
        st.markdown(
            f"**{entry.disposition.value}** · {plain(entry.reason)} · {plain(entry.decided_by)}, "
            f"{entry.decided_at:%Y-%m-%d %H:%M} UTC"
        )
    with st.form(f"disposition-{inspection.id}-{len(inspection.dispositions)}"):
        choice = st.selectbox(
            "Disposition", list(Disposition), format_func=lambda option: option.value
        )
        reason = st.text_input("Reason")
        name = st.text_input("Decided by", value=person_of(inspection))
        if st.form_submit_button("Record the disposition", icon=":material/gavel:"):
            with shown_to_the_operator():
                bench.records.add_disposition(inspection.id, choice, reason, name)
                st.session_state["person"] = name
                st.rerun()
