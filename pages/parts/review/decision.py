"""The decision about a part that waits, each answer on its key, and what is learned from it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.domain import Disposition, Inspection, Verdict
from core.records.inspections import load_inspection
from core.records.search import Filter
from core.services.review import (
    BAD,
    decide,
    dispositions_of_good,
    following,
    preceding,
)
from core.services.station import Station
from pages.parts.errors import shown_to_the_operator
from pages.parts.inspect.disposition import reasons_of
from pages.parts.review.learning import offer_lesson, show_lesson
from pages.parts.sealed import open_finding_button, was_seen
from pages.parts.words import plain, verdict_text
from pages.texts import t
from pages.texts.labels import disposition_label


@dataclass(frozen=True)
class Work:
    """What is worked on, and by whom.

    Attributes:
        filter: the part of the queue.
        blind: whether the machine's finding is hidden of every part.
        person: who decides.
    """

    filter: Filter
    blind: bool
    person: str


@dataclass(frozen=True)
class Choice:
    """What the keys mean at the moment."""

    good: Disposition
    good_reason: str
    bad: Disposition
    bad_reason: str
    error_reason: str


def show_decision(
    station: Station, inspection: Inspection, work: Work, *, is_hidden: bool, is_sealed: bool
) -> None:
    """Show the buttons, each with its key; all stay where they are from part to part.

    They are those of this part alone: a key pressed twice in haste never decides on the next part,
    which nobody has seen yet. While the finding is hidden, nothing here depends on it, and nothing
    leads to it unasked.
    """
    decided = bool(inspection.dispositions)
    accept, reject, hold, in_error = st.columns(4)
    choice = _ask_choice(inspection, is_hidden=is_hidden)
    pressed = {
        (choice.good, choice.good_reason): accept.button(
            t("review.accept"),
            icon=":material/thumb_up:",
            shortcut="A",
            width="stretch",
            disabled=decided,
            key=f"accept-{inspection.id}",
        ),
        (choice.bad, choice.bad_reason): reject.button(
            t("review.reject"),
            icon=":material/thumb_down:",
            shortcut="X",
            width="stretch",
            disabled=decided,
            key=f"reject-{inspection.id}",
        ),
        (Disposition.REINSPECT, t("review.held")): hold.button(
            t("review.hold"),
            icon=":material/pause:",
            shortcut="H",
            width="stretch",
            disabled=decided,
            key=f"hold-{inspection.id}",
            help=t("review.hold_help"),
        ),
        (Disposition.IN_ERROR, choice.error_reason): in_error.button(
            t("review.in_error"),
            icon=":material/wrong_location:",
            shortcut="E",
            width="stretch",
            disabled=decided,
            key=f"error-{inspection.id}",
            help=t("review.in_error_help"),
        ),
    }
    way_out = _show_steps_through(station, inspection, work.filter)
    with way_out:
        if is_sealed:
            open_finding_button(station, inspection, work.person)
        elif not is_hidden and st.button(
            t("review.open"), icon=":material/frame_inspect:", width="stretch", key="open"
        ):
            st.switch_page("inspect.py", query_params={"inspection": inspection.id})
    if decided:
        entry = inspection.dispositions[-1]
        st.caption(
            t(
                "review.decided",
                person=plain(entry.decided_by),
                disposition=disposition_label(entry.disposition),
                reason=plain(entry.reason),
            )
        )
    for (disposition, reason), is_pressed in pressed.items():
        if is_pressed:
            is_blind = is_hidden and not was_seen(inspection)
            _decide(station, inspection, work, disposition, reason, is_blind=is_blind)


def show_learning(station: Station, person: str) -> None:
    """Show what was decided last; one more key begins to learn a false alarm as a normal."""
    last = st.session_state.get("review-last")
    inspection = load_inspection(station.records, last) if last else None
    offer_lesson(station, inspection)
    if inspection is None:
        st.caption(t("review.no_last"))
    else:
        _show_last(inspection)
    show_lesson(station, person)


def _show_last(inspection: Inspection) -> None:
    """Show what was decided last; to correct it, decide again on its own page."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_said(inspection), width="stretch")
        if st.button(
            t("review.open_last"), icon=":material/undo:", type="tertiary", shortcut="U", key="last"
        ):
            st.switch_page("inspect.py", query_params={"inspection": inspection.id})


def _ask_choice(inspection: Inspection, *, is_hidden: bool) -> Choice:
    """Ask how good and bad parts are recorded; kept from part to part."""
    line = st.container(horizontal=True, vertical_alignment="center")
    dispositions = dispositions_of_good(inspection, is_hidden=is_hidden)
    good, bad, error = line.popover(t("review.recorded_as"), icon=":material/tune:").columns(3)
    with good:
        as_good = st.selectbox(
            t("review.accept_as"),
            dispositions,
            format_func=disposition_label,
            key=f"good-{len(dispositions)}",
            persist_state="session",
        )
        good_reason = _ask_reason(as_good)
    with bad:
        as_bad = st.selectbox(
            t("review.reject_as"),
            BAD,
            format_func=disposition_label,
            key="bad",
            persist_state="session",
        )
        bad_reason = _ask_reason(as_bad)
    with error:
        st.caption(disposition_label(Disposition.IN_ERROR))
        error_reason = _ask_reason(Disposition.IN_ERROR)
    line.caption(
        t(
            "review.keys_record",
            good=f"{disposition_label(as_good)}, {plain(good_reason)}",
            bad=f"{disposition_label(as_bad)}, {plain(bad_reason)}",
            hold=disposition_label(Disposition.REINSPECT),
            error=f"{disposition_label(Disposition.IN_ERROR)}, {plain(error_reason)}",
        ),
        width="stretch",
    )
    return Choice(as_good, good_reason, as_bad, bad_reason, error_reason)


def _ask_reason(disposition: Disposition) -> str:
    reason = st.selectbox(
        t("review.reason"),
        reasons_of(disposition),
        accept_new_options=True,
        key=f"reason-{disposition.value}",
        persist_state="session",
    )
    return reason or ""


def _show_steps_through(station: Station, inspection: Inspection, filter: Filter) -> DeltaGenerator:
    """Show the ways to the parts beside this one; return the place beside them."""
    before, after, beside = st.columns(3)
    previous_id = preceding(station, inspection.id, filter)
    next_id = following(station, inspection.id, filter)
    if before.button(
        t("review.previous"),
        icon=":material/chevron_left:",
        shortcut="P",
        width="stretch",
        disabled=previous_id is None,
        key="previous",
    ):
        _go_to(previous_id)
    if after.button(
        t("review.next"),
        icon=":material/chevron_right:",
        shortcut="N",
        width="stretch",
        disabled=next_id in (None, inspection.id),
        key="next",
    ):
        _go_to(next_id)
    return beside


def _decide(
    station: Station,
    inspection: Inspection,
    work: Work,
    disposition: Disposition,
    reason: str,
    *,
    is_blind: bool,
) -> None:
    with shown_to_the_operator():
        decide(station, inspection.id, disposition, reason, work.person, is_blind=is_blind)
        st.session_state["person"] = work.person
        st.session_state["review-last"] = inspection.id
        _go_to(following(station, inspection.id, work.filter))


def _go_to(inspection_id: str | None) -> None:
    if inspection_id is None:
        st.query_params.pop("inspection", None)
    else:
        st.query_params["inspection"] = inspection_id
    st.rerun()


def _said(inspection: Inspection) -> str:
    entry = inspection.dispositions[-1]
    text = t(
        "review.last",
        filename=plain(inspection.image.filename),
        disposition=disposition_label(entry.disposition),
        verdict=verdict_text(inspection.judgement.verdict),
    )
    is_escape = (
        inspection.judgement.verdict is Verdict.PASS and entry.disposition.is_of_good_part is False
    )
    return f"{text} {t('review.escape')}" if is_escape else text
