"""A false alarm that becomes a normal: looked at, tried as a candidate, let judge, taken back."""

from __future__ import annotations

import streamlit as st

from core.detection.checkpoints import Active
from core.domain import Disposition, Inspection, JobState
from core.records.inspections import load_inspection
from core.services.inspection_images import picture_thumbnail
from core.services.relearning import is_unlike_everything
from core.services.review import is_learned
from core.services.station import Station
from core.tasks.teaching import TeachingResult, learn_later
from pages.parts.errors import shown_to_the_operator
from pages.parts.jobs import watch_job
from pages.parts.products.candidate import show_candidate
from pages.parts.words import plain
from pages.texts import number, t

# Which part is being learned, and by which job; None: it is looked at first.
LESSON, JOB = "review-lesson", "review-job"


def offer_lesson(station: Station, inspection: Inspection | None) -> None:
    """Offer to learn the part that was decided last, if it was a false alarm."""
    can_learn = (
        inspection is not None
        and inspection.dispositions[-1].disposition is Disposition.VOID
        and not is_learned(station, inspection)
        and st.session_state.get(LESSON) != inspection.id
    )
    if (
        st.button(
            t("review.learn"),
            icon=":material/school:",
            shortcut="L",
            width="stretch",
            disabled=not can_learn,
            key="learn",
            help=t("review.learn_help"),
        )
        and inspection is not None
    ):
        st.session_state[LESSON], st.session_state[JOB] = inspection.id, None
        st.rerun()


def show_lesson(station: Station, person: str) -> None:
    """Show the lesson that was begun: the picture first, then the candidate that came of it."""
    lesson = st.session_state.get(LESSON)
    if lesson is None:
        return
    inspection = load_inspection(station.records, lesson)
    with st.container(border=True):
        st.markdown(f"**{t('review.lesson', filename=plain(inspection.image.filename))}**")
        if (job_id := st.session_state.get(JOB)) is None:
            _look(station, inspection, person)
        else:
            _follow(station, inspection, job_id)
        if st.button(t("review.lesson_close"), icon=":material/close:", key="lesson-close"):
            st.session_state[LESSON] = None
            st.rerun()


def _look(station: Station, inspection: Inspection, person: str) -> None:
    """Show the picture and what learning it means, before anything is made."""
    image, judgement = inspection.image, inspection.judgement
    picture, words = st.columns([1, 2])
    thumbnail = picture_thumbnail(station, image.sha256, image.filename, image.reading)
    picture.image(thumbnail, width="stretch")
    with words:
        st.markdown(
            t(
                "review.lesson_means",
                product=plain(inspection.product.key),
                score=number(judgement.score, 3),
                low=number(judgement.t_low, 3),
            )
        )
        is_unlike = is_unlike_everything(judgement, inspection.likeness)
        if is_unlike:
            st.error(t("review.lesson_unlike"), icon=":material/gpp_maybe:")
        reason = st.text_input(
            t("review.lesson_reason"),
            key=f"lesson-reason-{inspection.id}",
            help=t("review.lesson_reason_help"),
        )
        if st.button(
            t("review.lesson_try"),
            type="primary",
            icon=":material/science:",
            disabled=is_unlike and not reason.strip(),
            key="lesson-try",
        ):
            with shown_to_the_operator():
                job = learn_later(station, inspection, person, confirmed=reason)
                st.session_state[JOB] = job.id
                st.rerun()


def _follow(station: Station, inspection: Inspection, job_id: str) -> None:
    """Show how far the candidate is; once it is made, what it would change."""
    job = station.jobs.job(job_id)
    if job.state is not JobState.DONE:
        watch_job(station, job, lambda _now: None)
        if not job.is_active and st.button(t("review.lesson_back"), key="lesson-back"):
            st.session_state[JOB] = None
            st.rerun()
        return
    made = job.result_as(TeachingResult)
    if made is not None:
        with shown_to_the_operator():
            version = Active(algorithm=made.algorithm, version=made.version)
            show_candidate(station, station.product(inspection.product.key), version)
