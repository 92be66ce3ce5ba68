"""What a person decides about the part: the decisions so far, and the drawer for the next."""

from __future__ import annotations

import streamlit as st

from core.domain import Disposition, Inspection, Verdict
from core.records.dispositions import add_disposition
from core.services.station import Station
from pages.parts.errors import shown_to_the_operator
from pages.parts.words import ask_name, plain
from pages.texts import t, when
from pages.texts.labels import disposition_label


def show_disposition(station: Station, inspection: Inspection) -> None:
    """Show the decisions so far, newest first, and the button that opens the drawer."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            t("disposition.decide"),
            icon=":material/gavel:",
            shortcut="D",
            key=f"decide-{inspection.id}",
            type="secondary" if inspection.dispositions else "primary",
        ):
            _drawer(station, inspection)
        if not inspection.dispositions:
            st.caption(t("disposition.none_yet"))
    for entry in inspection.dispositions[::-1]:
        st.markdown(
            f"**{disposition_label(entry.disposition)}** · {plain(entry.reason)} · "
            f"{plain(entry.decided_by)}, {when(entry.decided_at)}"
            + (f" · {t('sealed.judged_blind')}" if entry.is_blind else "")
            + (
                f" · {t('disposition.by_concession', number=plain(entry.concession))}"
                * bool(entry.concession)
            )
        )


@st.dialog(":material/gavel:", position="right", width="small")
def _drawer(station: Station, inspection: Inspection) -> None:
    st.markdown(f"#### {t('disposition.title', filename=plain(inspection.image.filename))}")
    st.caption(t("disposition.machine_stays"))
    choice = st.radio(
        t("disposition.disposition"),
        offered_for(inspection),
        index=None,
        format_func=disposition_label,
    )
    reason = ask_reason(reasons_of(choice), f"drawer-{inspection.id}")
    concession = ""
    if choice is Disposition.USE_AS_IS:
        concession = st.text_input(
            t("disposition.concession"), key=f"drawer-{inspection.id}-concession"
        )
        st.caption(t("disposition.concession_help"))
    name = ask_name(t("disposition.decided_by"), f"drawer-{inspection.id}-name")
    if st.button(
        t("disposition.record"), icon=":material/gavel:", type="primary", disabled=choice is None
    ):
        with shown_to_the_operator():
            if choice is not None:
                add_disposition(
                    station.records, inspection.id, choice, reason, name, concession=concession
                )
            st.rerun()


def offered_for(inspection: Inspection) -> list[Disposition]:
    """List the dispositions to choose from: a part that passed is no concession or false alarm."""
    if inspection.is_nonconforming or inspection.judgement.verdict is not Verdict.PASS:
        return list(Disposition)
    of_stopped = (Disposition.USE_AS_IS, Disposition.VOID)
    return [each for each in Disposition if each not in of_stopped]


def ask_reason(reasons: list[str], key: str) -> str:
    """Ask for a reason, from a list or in one's own words."""
    chosen = st.selectbox(
        t("disposition.reason"),
        reasons,
        index=None,
        accept_new_options=True,
        placeholder=t("disposition.reason_hint"),
        key=key,
    )
    return chosen or ""


def reasons_of(disposition: Disposition | None) -> list[str]:
    """List common reasons for a disposition."""
    if disposition is None:
        return []
    if disposition is Disposition.IN_ERROR:
        return [
            t("disposition.wrong_product"),
            t("disposition.wrong_part"),
            t("disposition.bad_picture"),
        ]
    if disposition.is_of_good_part is None:
        return [t("disposition.unclear"), t("disposition.bad_picture")]
    if disposition.is_of_good_part:
        return [
            t("disposition.no_defect"),
            t("disposition.within_limits"),
            t("disposition.dirt"),
        ]
    return [
        t("disposition.confirmed"),
        t("disposition.out_of_limits"),
        t("disposition.other_defect"),
    ]
