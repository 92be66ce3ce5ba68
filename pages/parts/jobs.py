"""A job on the screen: how far it is, what came of it, and how to stop it or start it again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.domain import Job, JobState
from core.services.station import Station
from core.tasks.lot import InspectLot
from pages.parts.errors import shown_to_the_operator
from pages.parts.job_words import job_name, step_text
from pages.parts.words import person_of
from pages.texts import number, percentage, t, when
from pages.texts.labels import label

REFRESH_S = 1.0
# Ended before they were done, and not by a person.
LEFT = (JobState.FAILED, JobState.INTERRUPTED)


def watch_job(station: Station, job: Job, show: Callable[[Job], object]) -> None:
    """Show a job, again each second while it is active; at its end the page is run anew.

    Args:
        station: whose job it is.
        job: as it stands now.
        show: what is shown besides its progress, below it.
    """
    was_active = job.is_active

    def draw() -> None:
        now = station.jobs.job(job.id)
        if was_active and not now.is_active:
            st.rerun()
        show_job(station, now)
        show(now)

    st.fragment(draw, run_every=REFRESH_S if was_active else None, key=f"watch-{job.id}")()


def show_job(station: Station, job: Job) -> None:
    """Show title, progress and the buttons that fit its state."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{job_name(job)}** · {_state(job)}")
        if job.is_active and st.button(
            t("jobs.cancel"),
            icon=":material/stop_circle:",
            key=f"cancel-{job.id}",
            disabled=job.is_stopping,
        ):
            with shown_to_the_operator():
                station.jobs.cancel(job.id, person_of())
        if job.can_resume and st.button(
            t("jobs.resume"), icon=":material/restart_alt:", key=f"resume-{job.id}"
        ):
            with shown_to_the_operator():
                station.jobs.resume(job.id)
                st.rerun()
        if job.state in LEFT and st.button(
            t("jobs.give_up"),
            icon=":material/close:",
            key=f"give-up-{job.id}",
            help=t("jobs.give_up_help"),
        ):
            with shown_to_the_operator():
                station.jobs.give_up(job.id, person_of())
                st.rerun()
    if job.state is JobState.RUNNING:
        st.progress(job.whole, f"{percentage(job.whole, 0)} · {step_text(job)} · {_how_far(job)}")
    if job.is_stalled:
        st.warning(t("jobs.stalled"), icon=":material/hourglass_disabled:")
    if job.state is JobState.INTERRUPTED:
        st.warning(_why_interrupted(job), icon=":material/power_off:")
    elif job.error:
        st.error(job.error, icon=":material/error:")


def choose_job(jobs: Sequence[Job]) -> Job:
    """Ask for a run: the one that the URL names, else the first; the URL follows."""
    known = {job.id: job for job in jobs}
    asked = st.query_params.get("run")
    chosen = st.selectbox(
        t("benchmarks.run"),
        list(known),
        index=list(known).index(asked) if asked in known else 0,
        format_func=lambda job_id: f"{when(known[job_id].created_at)} · {known[job_id].title}",
    )
    # What is shown anyway needs no entry in the browser's history.
    if asked or chosen != jobs[0].id:
        st.query_params["run"] = chosen
    return known[chosen]


def _why_interrupted(job: Job) -> str:
    if job.kind == InspectLot.kind and job.total > 1:
        return t("jobs.lot_interrupted", done=number(job.done), total=number(job.total))
    return t("jobs.interrupted")


def _state(job: Job) -> str:
    if job.is_stopping:
        return t("jobs.stopping")
    return label(job.state, place=job.place or 1)


def _how_far(job: Job) -> str:
    far = (
        t("jobs.of", done=number(job.done), total=number(job.total))
        if job.total > 1
        else percentage(job.share, 0)
    )
    if job.seconds_left is None:
        return far
    return f"{far} · {t('jobs.left', seconds=number(max(1, job.seconds_left)))}"
