"""A version that does not judge: what it would change, and letting it judge, or going back."""

from __future__ import annotations

import streamlit as st

from core.detection.checkpoints import Active, active_version
from core.domain import Job, JobState, Product, Verdict
from core.services.products import activate_version, previous_version
from core.services.station import Station
from core.services.version_comparison import VersionComparison, VersionFigures
from core.tasks.version_comparison import compare_later, comparison_job
from pages.parts.compare.lot_comparison import show_disagreements
from pages.parts.errors import shown_to_the_operator
from pages.parts.jobs import watch_job
from pages.parts.words import person_of, plain
from pages.texts import number, percentage, t
from pages.texts.labels import label


def show_candidate(station: Station, product: Product, version: Active) -> None:
    """Show what a version would change and let it judge; of the one that judges, offer to go back.

    A newer version is let judge only once it was compared with the one that judges, or could not
    be. An older one may have to judge at once: it has done so before.
    """
    if message := st.session_state.pop("activated", None):
        st.success(message, icon=":material/check_circle:")
    judges = active_version(station.settings, product)
    if version == judges:
        st.success(t("products.judges_now"), icon=":material/gavel:")
        before = previous_version(station, product)
        if before is not None:
            with st.expander(t("products.go_back", version=before.version), icon=":material/undo:"):
                _ask_activation(station, product, before, is_older=True)
        return
    is_older = version.version < judges.version
    job = comparison_job(station, version)
    compared = None if job is None else _result(job, judges)
    if job is not None and (job.is_active or job.can_resume):
        watch_job(station, job, lambda _now: None)
    elif compared is None:
        _offer_comparison(station, product, version, t("products.compare"))
    else:
        show_comparison(station, compared)
        _offer_comparison(station, product, version, t("products.compare_again"))
    if is_older or compared is not None or (job is not None and job.state is JobState.FAILED):
        _ask_activation(station, product, version, is_older=is_older)
    elif job is None or not job.is_active:
        st.caption(t("products.compare_first"))


def show_comparison(station: Station, compared: VersionComparison) -> None:
    """Show old against new: known defects, held-out normals and the last lot."""
    old, new = compared.judging, compared.candidate
    if new.found < old.found:
        st.error(
            t("products.finds_fewer", old=old.found, new=new.found, known=number(compared.known)),
            icon=":material/trending_down:",
        )
    if new.false_alarm.guaranteed > old.false_alarm.guaranteed + 1e-9:
        st.warning(
            t("products.stops_more", old=_bound(old), new=_bound(new)),
            icon=":material/trending_up:",
        )
    if not compared.known:
        st.warning(t("products.no_known"), icon=":material/help:")
    judging, candidate = _column(old, compared.known), _column(new, compared.known)
    st.table(
        [
            {
                t("products.figure"): name,
                t("products.judging"): judging[name],
                t("products.would_judge"): candidate[name],
            }
            for name in judging
        ],
        hide_index=True,
        alt=t("products.comparison_alt"),
    )
    for sentence in compared.skipped:
        st.caption(plain(sentence))
    _show_lot(station, compared)


def _result(job: Job, judges: Active) -> VersionComparison | None:
    """Read a comparison that is done and still compares with the version that judges."""
    if job.state is not JobState.DONE:
        return None
    compared = job.result_as(VersionComparison)
    return compared if compared is not None and compared.judging.version == judges else None


def _column(figures: VersionFigures, known: int) -> dict[str, str]:
    version = figures.version
    return {
        t("products.version"): f"{version.algorithm} {version.version}",
        t("products.good"): number(figures.pictures),
        t("products.defects_found"): t(
            "products.of", count=number(figures.found), total=number(known)
        ),
        t("products.normals_stopped"): t(
            "products.of", count=number(figures.stopped), total=number(figures.normals)
        ),
        t("products.good_stopped"): _bound(figures),
        t("products.review_from"): number(figures.t_low, 3),
        t("products.fail_from"): number(figures.t_high, 3),
    }


def _bound(figures: VersionFigures) -> str:
    bound = percentage(figures.false_alarm.guaranteed)
    if figures.false_alarm.is_estimate:
        return t("products.about_bound", bound=bound)
    return t("products.at_most", bound=bound)


def _show_lot(station: Station, compared: VersionComparison) -> None:
    if compared.parts is None:
        st.caption(t("products.no_lot_yet"))
        return
    judged = number(len(compared.parts.parts))
    lot = plain(compared.lot) or t("products.without_lot")
    if not compared.changed:
        st.caption(t("products.lot_same", lot=lot, count=judged))
        return
    changes = ", ".join(
        f"{_name(one)} → {_name(other)}: **{number(n)}**" for one, other, n in compared.changed
    )
    st.markdown(t("products.lot_changes", lot=lot, count=judged, changes=changes))
    st.caption(t("products.a_and_b"))
    show_disagreements(station, compared.parts.disagreements())


def _name(verdict: Verdict) -> str:
    return label(verdict)


def _offer_comparison(station: Station, product: Product, version: Active, text: str) -> None:
    if st.button(text, icon=":material/compare:", key=f"compare-{version.version}"):
        with shown_to_the_operator():
            compare_later(station, product, version, person_of())
            st.rerun()


def _ask_activation(station: Station, product: Product, version: Active, *, is_older: bool) -> None:
    with st.form(f"activate-{version.version}"):
        st.markdown(t("products.roll_back_help") if is_older else t("products.activate_help"))
        who = st.text_input(t("products.who"), value=person_of())
        reason = st.text_input(t("products.reason"))
        pressed = st.form_submit_button(
            t("products.roll_back") if is_older else t("products.activate"),
            type="primary",
            icon=":material/undo:" if is_older else ":material/gavel:",
        )
    if pressed:
        with shown_to_the_operator():
            activate_version(station, product, version, by=who, reason=reason)
            st.session_state["person"] = who
            st.session_state["activated"] = t("products.activated", version=version.version)
            # The browser would keep the version's earlier label, which does not say that it judges.
            st.session_state.pop("version", None)
            st.rerun()
