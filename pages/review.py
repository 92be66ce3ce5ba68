"""Review: what waits for a person's decision, one part after the other, by keyboard."""

from __future__ import annotations

import streamlit as st

from core.domain import Inspection
from core.domain.errors import RecordsError
from core.records.audits import finding_is_sealed
from core.records.inspections import load_inspection
from core.records.products import list_products
from core.records.queue import Waiting, waiting
from core.records.search import Filter
from core.services.review import Kind, filter_of, first
from core.services.station import Station
from core.tasks.shared_station import shared_station
from pages.parts.correction import show_corrections
from pages.parts.errors import shown_to_the_operator
from pages.parts.inspect.facts import show_defects, show_unlike, show_verdict
from pages.parts.inspect.lot import show_left_lots
from pages.parts.inspect.viewer import show_plain_picture, show_viewer
from pages.parts.product_choice import ask_product_or_all, show_product
from pages.parts.review.decision import Work, show_decision, show_learning
from pages.parts.sealed import note_seen
from pages.parts.urls import choice_in_url, has_come_back, text_in_url
from pages.parts.words import person_of, plain, verdict_text
from pages.texts import number, t, when

# Key of the widget that chooses the product on this page.
PRODUCT = "review-product"


def ask_work(station: Station) -> Work:
    """Ask which part of the queue is worked on, and how; the number waiting stands beside it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=170):
            product = ask_product_or_all(
                t("review.product"),
                [product.key for product in list_products(station.records)],
                PRODUCT,
                placeholder=t("review.all_products"),
            )
        lot = text_in_url(t("review.lot"), "lot", placeholder=t("review.all_lots"), width=110)
        counts = waiting(station.records, filter_of(Kind.ALL, product, lot))
        since = (
            t("review.waiting")
            if counts.oldest is None
            else t("review.waiting_since", time=when(counts.oldest))
        )
        kind = choice_in_url(
            since,
            [kind.value for kind in Kind],
            lambda value: _kind_name(Kind(value), counts),
            "kind",
        )
        blind = st.toggle(
            t("review.blind"),
            key="blind",
            bind="query-params",
            help=t("review.blind_help"),
        )
        person = _ask_person()
    return Work(filter_of(Kind(kind), product, lot), blind, person)


def _ask_person() -> str:
    """Ask who decides: a field until it is filled in, then a button that asks anew.

    While a field has the cursor, keys go into it and decide nothing.
    """
    name = st.session_state.get("reviewer")
    if name is None:
        name = person_of()
    if not name:
        st.text_input(t("review.your_name"), key="review-person", width=130, on_change=_take_name)
    elif st.button(
        plain(name), icon=":material/person:", help=t("review.other_name"), key="review-other"
    ):
        st.session_state["reviewer"] = ""
        st.rerun()
    return name


def _take_name() -> None:
    st.session_state["reviewer"] = st.session_state["review-person"].strip()


def named_part(station: Station) -> Inspection | None:
    """Load the part that the URL names; of an unknown one, say so and go on with the queue."""
    asked = st.query_params.get("inspection")
    if not asked:
        return None
    try:
        return load_inspection(station.records, asked)
    except RecordsError as error:
        st.warning(plain(str(error)), icon=":material/link_off:")
        return None


def first_part(station: Station, filter: Filter) -> Inspection | None:
    """Load the part that has waited longest; None: nothing waits."""
    found = first(station, filter)
    return None if found is None else load_inspection(station.records, found)


def show_nothing(station: Station, work: Work, *, is_all: bool) -> None:
    """Say that nothing waits, or that only what the filter leaves out does.

    Args:
        station: of the station.
        work: what is worked on.
        is_all: whether every lot was inspected to its end.
    """
    others = waiting(station.records).total
    if others:
        chosen = [each for each in (work.filter.product_key, work.filter.lot) if each]
        st.info(
            t("review.others_wait", count=number(others)),
            title=t("review.none_of", what=plain(" · ".join(chosen)))
            if chosen
            else t("review.none_of_kind"),
            icon=":material/filter_alt:",
        )
        st.button(t("review.show_all"), icon=":material/filter_alt_off:", on_click=show_all)
    else:
        (st.success if is_all else st.info)(
            t("review.nothing_waits"), title=t("review.all_done"), icon=":material/task_alt:"
        )
    st.caption(t("review.what_comes", share=number(100 * station.settings.audit_share, 1)))
    show_learning(station, work.person)


def show_all() -> None:
    """Show everything that waits."""
    show_product(None, PRODUCT, "product")
    for name, value in (("lot", ""), ("kind", Kind.ALL.value)):
        st.session_state[name] = value
        st.query_params.pop(name, None)


def show_part(station: Station, inspection: Inspection, work: Work) -> None:
    """Show the part that waits: its picture, what was found, and the decision to make."""
    picture, facts = st.columns([8, 11], gap="medium")
    is_sealed = finding_is_sealed(station.records, inspection.id)
    hidden = is_sealed or (work.blind and not inspection.dispositions)
    if not hidden:
        note_seen(inspection)
    with picture:
        if hidden:
            show_plain_picture(station, inspection)
        else:
            show_viewer(station, inspection)
    with facts:
        verdict = (
            ":material/visibility_off:" if hidden else verdict_text(inspection.judgement.verdict)
        )
        st.markdown(f"{verdict} · {_heading(inspection)}")
        show_corrections(inspection)
        if not hidden:
            show_unlike(inspection)
        show_decision(station, inspection, work, is_hidden=hidden, is_sealed=is_sealed)
        show_learning(station, work.person)
        if hidden:
            st.info(t("review.hidden"), icon=":material/visibility_off:")
            return
        show_verdict(inspection.judgement)
        show_defects(inspection)
        if inspection.report is not None:
            st.markdown(f"##### {t('review.summary')}")
            st.markdown(plain(inspection.report.summary))


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


def _kind_name(kind: Kind, counts: Waiting) -> str:
    return {
        Kind.ALL: t("review.all", count=number(counts.total)),
        Kind.REVIEW: t("review.reviews", count=number(counts.review)),
        Kind.FAIL: t("review.fails", count=number(counts.fail)),
        Kind.AUDIT: t("review.audits", count=number(counts.audit)),
    }[kind]


with shown_to_the_operator():
    station = shared_station()
    is_new = PRODUCT not in st.session_state
    work = ask_work(station)
    if not (is_new or has_come_back()) and st.session_state["reviewed"] != work.filter:
        # The filter changed: the part that was open may not match it.
        st.query_params.pop("inspection", None)
    st.session_state["reviewed"] = work.filter
    has_left_lots = show_left_lots(station)
    opened = named_part(station) or first_part(station, work.filter)
    if opened is None:
        show_nothing(station, work, is_all=not has_left_lots)
    else:
        st.query_params["inspection"] = opened.id
        show_part(station, opened, work)
