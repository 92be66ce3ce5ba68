"""Teaching and scoring in the background, and how far it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from core.domain import Job
from core.imaging.picture_files import DEMO_PRODUCT_KEY
from core.services.station import Station
from pages.parts.errors import shown_to_the_operator
from pages.parts.jobs import watch_job
from pages.parts.words import person_of, plain
from pages.texts import number, t

KINDS = ("teach", "score_defects")
SHOWN_FOR = timedelta(minutes=5)


def teach_demo_button(station: Station) -> None:
    """Show a button that teaches the demo product, and its progress."""
    jobs = shown_jobs(station)
    is_busy = any(job.is_active and job.kind == "teach" for job in jobs)
    if st.button(t("products.demo"), icon=":material/solar_power:", disabled=is_busy):
        with shown_to_the_operator():
            station.jobs.submit(
                "teach",
                DEMO_PRODUCT_KEY,
                {"demo": True},
                person_of(),
            )
            st.rerun()
    show_lessons(station, jobs)


def shown_jobs(station: Station) -> list[Job]:
    """List lessons that run, wait or ended a little while ago, newest first."""
    since = datetime.now(UTC) - SHOWN_FOR
    return [
        job
        for job in station.jobs.recent()
        if job.kind in KINDS and (job.ended_at is None or job.ended_at > since)
    ]


def show_lessons(station: Station, jobs: list[Job]) -> None:
    """Show progress and outcome of lessons; an ended one only if it is the newest."""
    for place, job in enumerate(jobs):
        if job.is_active or place == 0:
            with st.container(border=True):
                watch_job(station, job, _show_outcome)


def _show_product(key: str) -> None:
    st.session_state["product"] = key
    st.session_state["view"] = "thresholds"
    st.query_params.pop("view", None)


def _show_outcome(job: Job) -> None:
    if not job.result:
        return
    if job.kind == "teach":
        st.markdown(
            t(
                "products.taught",
                product=plain(str(job.result["product"])),
                count=number(job.result["images"]),
                version=job.result["version"],
            )
        )
        st.caption(plain(str(job.result["false_alarm"])))
        if st.button(
            t("products.show_taught", product=plain(str(job.result["product"]))),
            icon=":material/category:",
            on_click=_show_product,
            args=(str(job.result["product"]),),
            key=f"show-{job.id}",
        ):
            st.rerun()
    else:
        st.markdown(
            t(
                "products.scored",
                added=number(job.result["added"]),
                scored=number(job.result["scored"]),
            )
        )
    sentences = [*job.result.get("notices", []), *job.result["skipped"]]
    if sentences:
        with st.expander(t("products.told", count=number(len(sentences)))):
            for sentence in sentences:
                st.text(sentence)
