"""Teaching and scoring in the background, and how far it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import streamlit as st

from core.detection.checkpoints import active_version
from core.domain import Job, Product
from core.imaging.picture_files import DEMO_PRODUCT_KEY
from core.services.station import Station
from core.tasks.known_defects import ScoreDefects, ScoringResult
from core.tasks.teaching import Teach, TeachingResult
from pages.parts.errors import shown_to_the_operator
from pages.parts.jobs import watch_job
from pages.parts.product_choice import show_product
from pages.parts.words import person_of, plain
from pages.texts import number, t

LESSONS = (Teach.kind, ScoreDefects.kind)
# Key of the widget that chooses the product on the page.
PRODUCT = "products-product"
SHOWN_FOR = timedelta(minutes=5)


def teach_demo_button(station: Station) -> None:
    """Show a button that teaches the demo product, and its progress."""
    jobs = shown_jobs(station)
    is_busy = any(job.is_active and job.kind == Teach.kind for job in jobs)
    if st.button(t("products.demo"), icon=":material/solar_power:", disabled=is_busy):
        with shown_to_the_operator():
            station.jobs.submit(Teach(demo=True), DEMO_PRODUCT_KEY, person_of())
            st.rerun()
    show_lessons(station, jobs)


def shown_jobs(station: Station) -> list[Job]:
    """List lessons that run, wait or ended a little while ago, newest first."""
    since = datetime.now(UTC) - SHOWN_FOR
    return [
        job
        for job in station.jobs.recent()
        if job.kind in LESSONS and (job.ended_at is None or job.ended_at > since)
    ]


def show_lessons(station: Station, jobs: list[Job]) -> None:
    """Show progress and outcome of lessons; an ended one only if it is the newest."""
    for place, job in enumerate(jobs):
        if job.is_active or place == 0:
            with st.container(border=True):
                watch_job(station, job, partial(_show_outcome, station))


def _show_product(key: str) -> None:
    show_product(key, PRODUCT, "product")
    st.session_state["view"] = "thresholds"
    st.query_params.pop("view", None)


def _show_version(key: str, version: str) -> None:
    st.session_state["product"] = key
    for name, value in (("view", "versions"), ("version", version)):
        st.session_state[name] = st.query_params[name] = value


def _show_outcome(station: Station, job: Job) -> None:
    if job.kind == Teach.kind:
        taught = job.result_as(TeachingResult)
        if taught is not None:
            _show_taught(station, job, taught)
            _show_sentences(t("products.told", count=number(len(taught.notices))), taught.notices)
            _show_left_out(taught.skipped)
        return
    scored = job.result_as(ScoringResult)
    if scored is not None:
        st.markdown(t("products.scored", added=number(scored.added), scored=number(scored.scored)))
        _show_left_out(scored.skipped)


def _show_taught(station: Station, job: Job, taught: TeachingResult) -> None:
    judges = active_version(station.settings, Product.from_key(taught.product))
    is_candidate = judges.version != taught.version
    product, count = plain(taught.product), number(taught.images)
    st.markdown(
        t("products.candidate_made", product=product, count=count, version=taught.version)
        if is_candidate
        else t("products.taught", product=product, count=count, version=taught.version)
    )
    st.caption(plain(taught.false_alarm))
    if is_candidate:
        if st.button(
            t("products.look_at_candidate"),
            icon=":material/compare:",
            type="primary",
            on_click=_show_version,
            args=(taught.product, taught.version),
            key=f"candidate-{job.id}",
        ):
            st.rerun()
        return
    if st.button(
        t("products.show_taught", product=plain(taught.product)),
        icon=":material/category:",
        on_click=_show_product,
        args=(taught.product,),
        key=f"show-{job.id}",
    ):
        st.rerun()


def _show_left_out(sentences: tuple[str, ...]) -> None:
    _show_sentences(t("products.left_out", count=number(len(sentences))), sentences)


def _show_sentences(title: str, sentences: tuple[str, ...]) -> None:
    if sentences:
        with st.expander(title):
            for sentence in sentences:
                st.text(sentence)
