"""Review: what waits for a person's decision, one part after the other, by keyboard."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.domain import Disposition, Inspection, Job, JobState, Verdict
from core.records.queue import Waiting, waiting
from core.records.search import Filter
from core.review_desk import (
    BAD,
    Kind,
    decide,
    dispositions_of_good,
    filter_of,
    first,
    following,
    is_audit,
    is_learned,
    learn,
    preceding,
)
from core.workbench import Workbench, shared_workbench
from pages.parts.disposition import reasons_of
from pages.parts.errors import shown_to_the_operator
from pages.parts.facts import show_defects, show_verdict
from pages.parts.jobs import EVERY_S, show_job
from pages.parts.viewer import show_plain_picture, show_viewer
from pages.parts.words import disposition_name, person_of, plain, verdict_text
from pages.texts import number, t, when

EVERY = ""


@dataclass(frozen=True)
class Choice:
    """What the keys mean at the moment."""

    good: Disposition
    good_reason: str
    bad: Disposition
    bad_reason: str


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


def ask_work(bench: Workbench) -> Work:
    """Which part of the queue is worked on, and how; how many wait is said beside it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        product = st.selectbox(
            t("review.product"),
            [EVERY, *(product.key for product in bench.records.products())],
            format_func=lambda key: key or t("review.all_products"),
            key="product",
            bind="query-params",
            width=220,
        )
        counts = waiting(bench.records, Filter(product_key=product or None))
        label = (
            t("review.waiting")
            if counts.oldest is None
            else t("review.waiting_since", time=when(counts.oldest))
        )
        kind = st.segmented_control(
            label,
            [kind.value for kind in Kind],
            default=Kind.ALL.value,
            format_func=lambda value: _kind_name(Kind(value), counts),
            required=True,
            key="kind",
            bind="query-params",
        )
        person = st.text_input(
            t("review.your_name"),
            value=person_of(),
            key="review-person",
            persist_state="session",
            width=220,
        )
        blind = st.toggle(
            t("review.blind"),
            key="blind",
            bind="query-params",
            help=t("review.blind_help"),
        )
    return Work(filter_of(Kind(kind), product or None), blind, person)


def show_part(bench: Workbench, inspection: Inspection, work: Work) -> None:
    """The part that waits: its picture, what was found, and the decision that is asked for."""
    picture, facts = st.columns([10, 11], gap="medium")
    hidden = not inspection.dispositions and (work.blind or is_audit(inspection))
    with picture:
        if hidden:
            show_plain_picture(bench, inspection)
        else:
            show_viewer(bench, inspection)
    with facts:
        verdict = (
            ":material/visibility_off:" if hidden else verdict_text(inspection.judgement.verdict)
        )
        st.markdown(f"{verdict} · {_heading(inspection)}")
        show_decision(bench, inspection, work)
        show_learning(bench, work.person)
        if hidden:
            st.info(t("review.hidden"), icon=":material/visibility_off:")
            return
        show_verdict(inspection.judgement)
        show_defects(inspection)
        if inspection.report is not None:
            st.markdown(f"##### {t('review.summary')}")
            st.markdown(plain(inspection.report.summary))


def show_decision(bench: Workbench, inspection: Inspection, work: Work) -> None:
    """The buttons, each with its key; all stay where they are from part to part."""
    choice = _ask_choice(inspection)
    decided = bool(inspection.dispositions)
    accept, reject, hold = st.columns(3)
    pressed = {
        (choice.good, choice.good_reason): accept.button(
            t("review.accept"),
            icon=":material/thumb_up:",
            shortcut="A",
            width="stretch",
            disabled=decided,
            key="accept",
        ),
        (choice.bad, choice.bad_reason): reject.button(
            t("review.reject"),
            icon=":material/thumb_down:",
            shortcut="X",
            width="stretch",
            disabled=decided,
            key="reject",
        ),
        (Disposition.REINSPECT, t("review.held")): hold.button(
            t("review.hold"),
            icon=":material/pause:",
            shortcut="H",
            width="stretch",
            disabled=decided,
            key="hold",
            help=t("review.hold_help"),
        ),
    }
    _show_steps_through(bench, inspection, work.filter)
    if decided:
        st.caption(_said(inspection))
    for (disposition, reason), is_pressed in pressed.items():
        if is_pressed:
            _decide(bench, inspection, work, disposition, reason)


def show_learning(bench: Workbench, person: str) -> None:
    """What was decided last; a false alarm can be learned as a normal with one more key."""
    last = st.session_state.get("review-last")
    inspection = bench.records.inspection(last) if last else None
    can_learn = (
        inspection is not None
        and inspection.dispositions[-1].disposition is Disposition.VOID
        and not is_learned(bench, inspection)
        and st.session_state.get("review-job-of") != last
    )
    if st.button(
        t("review.learn"),
        icon=":material/school:",
        shortcut="L",
        width="stretch",
        disabled=not can_learn,
        key="learn",
        help=t("review.learn_help"),
    ):
        with shown_to_the_operator():
            if inspection is not None:
                st.session_state["review-job"] = learn(bench, inspection, person).id
                st.session_state["review-job-of"] = last
                st.rerun()
    st.caption(t("review.no_last") if inspection is None else _said(inspection))
    if job_id := st.session_state.get("review-job"):
        job = bench.jobs.job(job_id)
        st.fragment(_show_lesson, run_every=EVERY_S if job.is_active else None)(
            bench, job, was_active=job.is_active
        )


def _show_lesson(bench: Workbench, job: Job, *, was_active: bool) -> None:
    """How far the learning is: one line, so that nothing below it moves."""
    now = bench.jobs.job(job.id)
    if was_active and not now.is_active:
        st.rerun()
    if now.is_active:
        st.caption(
            t("review.learning", title=plain(now.title), step=now.step, share=f"{now.share:.0%}")
        )
    elif now.state is JobState.DONE:
        st.caption(t("review.learned", version=now.result["version"], count=now.result["images"]))
    else:
        show_job(bench, now)


def _ask_choice(inspection: Inspection) -> Choice:
    """How good and bad parts are recorded; kept from part to part."""
    good, bad = st.columns(2)
    with good:
        as_good = st.selectbox(
            t("review.accept_as"),
            dispositions_of_good(inspection),
            format_func=disposition_name,
            key=f"good-{is_audit(inspection)}",
            persist_state="session",
        )
        good_reason = _ask_reason(as_good)
    with bad:
        as_bad = st.selectbox(
            t("review.reject_as"),
            BAD,
            format_func=disposition_name,
            key="bad",
            persist_state="session",
        )
        bad_reason = _ask_reason(as_bad)
    return Choice(as_good, good_reason, as_bad, bad_reason)


def _ask_reason(disposition: Disposition) -> str:
    reason = st.selectbox(
        t("review.reason"),
        reasons_of(disposition),
        accept_new_options=True,
        key=f"reason-{disposition.value}",
        persist_state="session",
    )
    return reason or ""


def _show_steps_through(bench: Workbench, inspection: Inspection, filter: Filter) -> None:
    before, after, open_it = st.columns(3)
    previous_id = preceding(bench, inspection.id, filter)
    next_id = following(bench, inspection.id, filter)
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
    if open_it.button(
        t("review.open"), icon=":material/frame_inspect:", width="stretch", key="open"
    ):
        st.switch_page("inspect.py", query_params={"inspection": inspection.id})


def _decide(
    bench: Workbench,
    inspection: Inspection,
    work: Work,
    disposition: Disposition,
    reason: str,
) -> None:
    with shown_to_the_operator():
        decide(bench, inspection.id, disposition, reason, work.person)
        st.session_state["person"] = work.person
        st.session_state["review-last"] = inspection.id
        _go_to(following(bench, inspection.id, work.filter))


def _go_to(inspection_id: str | None) -> None:
    if inspection_id is None:
        st.query_params.pop("inspection", None)
    else:
        st.query_params["inspection"] = inspection_id
    st.rerun()


def _heading(inspection: Inspection) -> str:
    context = inspection.context
    known = [plain(text) for text in (context.lot, context.serial, context.station) if text]
    return " · ".join(
        [
            f"**{plain(inspection.image.filename)}**",
            inspection.product.key,
            *known,
            when(inspection.created_at),
        ]
    )


def _said(inspection: Inspection) -> str:
    entry = inspection.dispositions[-1]
    text = t(
        "review.last",
        filename=plain(inspection.image.filename),
        disposition=disposition_name(entry.disposition),
        verdict=verdict_text(inspection.judgement.verdict),
    )
    is_escape = (
        inspection.judgement.verdict is Verdict.PASS and entry.disposition.is_of_good_part is False
    )
    return f"{text} {t('review.escape')}" if is_escape else text


def _kind_name(kind: Kind, counts: Waiting) -> str:
    return {
        Kind.ALL: t("review.all", count=number(counts.total)),
        Kind.REVIEW: t("review.reviews", count=number(counts.review)),
        Kind.FAIL: t("review.fails", count=number(counts.fail)),
        Kind.AUDIT: t("review.audits", count=number(counts.audit)),
    }[kind]


with shown_to_the_operator():
    bench = shared_workbench()
    work = ask_work(bench)
    inspection_id = st.query_params.get("inspection") or first(bench, work.filter)
    if inspection_id is None:
        st.success(
            t("review.nothing_waits"), title=t("review.all_done"), icon=":material/task_alt:"
        )
        st.caption(t("review.what_comes", share=number(100 * bench.settings.audit_share, 1)))
        show_learning(bench, work.person)
    else:
        st.query_params["inspection"] = inspection_id
        show_part(bench, bench.records.inspection(inspection_id), work)
