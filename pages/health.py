"""System health: what the station has, what it lacks, what runs and what went wrong."""

from __future__ import annotations

import streamlit as st

from core.domain import Job
from core.domain.errors import RecordsError, RecordsInUseError
from core.infrastructure.settings import settings
from core.reporting.catalogue import catalogue
from core.services.health import check_health
from core.services.health.condition import Check, CheckStatus, Finding, Health
from core.services.station import Station
from core.tasks.lot import InspectLot
from core.tasks.shared_station import shared_station
from pages.parts.errors import shown_to_the_operator
from pages.parts.jobs import show_job, watch_job
from pages.parts.statements import guarantee_text
from pages.parts.words import plain
from pages.parts.writer_words import writer_title
from pages.texts import number, t, when
from pages.texts.labels import label, lack_label

GIB = 2**30
MIB = 2**20
RECENT_JOBS = 10
ICONS = {
    CheckStatus.OK: ":material/check_circle:",
    CheckStatus.NOTE: ":material/info:",
    CheckStatus.MISSING: ":material/cancel:",
}
COLOURS = {
    CheckStatus.OK: "green",
    CheckStatus.NOTE: "orange",
    CheckStatus.MISSING: "red",
}


def status_text(status: CheckStatus) -> str:
    """Show a status as icon, colour and word."""
    return f":{COLOURS[status]}[{ICONS[status]} **{label(status)}**]"


def looked_at() -> tuple[Station | None, Health]:
    """Look at the station's condition, also where its records cannot be opened."""
    try:
        station = shared_station()
    except RecordsInUseError as error:
        return None, check_health(settings(), None, in_use=str(error))
    except RecordsError as error:
        return None, check_health(settings(), None, broken=str(error))
    return station, check_health(station.settings, station)


def show_verdict(health: Health, left: int) -> None:
    """Say whether the station has what it needs, and how many lots were not inspected to the end.

    Args:
        health: of the station.
        left: number of those lots.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        if health.is_well and left:
            st.warning(t("health.well_but", count=number(left)), icon=":material/power_off:")
        elif health.is_well:
            st.success(t("health.well"), icon=":material/check_circle:")
        else:
            st.error(t("health.unwell"), icon=":material/cancel:")
        st.button(t("health.refresh"), icon=":material/refresh:")
    st.caption(t("health.looked", time=when(health.checked_at)))


def lots_left(station: Station | None) -> int:
    """Count the lots that ended before they were done; none where the records cannot be read."""
    if station is None:
        return 0
    return sum(job.can_resume for job in station.jobs.unfinished(InspectLot))


def show_checks(health: Health) -> None:
    for check in health.checks:
        state, name, sentence = st.columns([4, 6, 11], vertical_alignment="top", gap="small")
        state.markdown(status_text(check.status))
        name.markdown(f"**{label(check.name)}**")
        sentence.markdown(plain(finding_text(check)))


def finding_text(check: Check) -> str:
    """Say what a check found; the sentence of an error stands as core says it."""
    is_writer = check.finding in (Finding.WRITES, Finding.WRITER_LACKS)
    return label(
        check.finding,
        name=writer_title(catalogue()[check.subject]) if is_writer else check.subject,
        count=number(check.count),
        free=number(check.free_gib, 1),
        lacks="; ".join(map(lack_label, check.lacks)),
        sentence=check.sentence,
    )


def show_sizes(health: Health) -> None:
    about = "≈ " if health.files.is_estimate else ""
    with st.container(horizontal=True):
        st.metric(t("health.program"), health.program_version)
        st.metric(
            t("health.free"),
            f"{number(health.disk_free_bytes / GIB, 1)} GiB",
            help=t("health.of_disk", size=number(health.disk_bytes / GIB, 1)),
        )
        st.metric(t("health.records_size"), f"{number(health.records_bytes / MIB, 1)} MiB")
        st.metric(t("health.files_size"), f"{about}{number(health.files.bytes / MIB, 1)} MiB")
        st.metric(t("health.files"), f"{about}{number(health.files.files)}")
        found = "–" if health.schema_found is None else number(health.schema_found)
        st.metric(
            t("health.schema"), t("health.of", count=found, total=number(health.schema_known))
        )


def show_jobs(station: Station) -> None:
    """Show the jobs that run or wait, and the newest of the others."""
    jobs = station.jobs.active()
    known = {job.id for job in jobs}
    ended = [job for job in station.jobs.recent(RECENT_JOBS) if job.id not in known]
    st.subheader(t("health.jobs"))
    if not (jobs or ended):
        st.caption(t("health.no_jobs"))
    for job in jobs:
        watch_job(station, job, lambda _now: None)
    for job in ended:
        _show_ended(station, job)


def _show_ended(station: Station, job: Job) -> None:
    with st.container(border=True):
        show_job(station, job)
        who = f" · {plain(job.who)}" if job.who else ""
        st.caption(f"{when(job.created_at)}{who}")


def show_troubles(health: Health) -> None:
    st.subheader(t("health.troubles"))
    if not health.troubles:
        st.caption(t("health.no_troubles"))
        return
    st.dataframe(
        [
            {
                t("health.when"): when(trouble.happened_at),
                t("health.what"): trouble.kind,
                t("health.subject"): trouble.subject,
                t("health.sentence"): trouble.sentence,
            }
            for trouble in health.troubles
        ],
        hide_index=True,
        alt=t("health.troubles_alt", count=len(health.troubles)),
    )


def show_parts(health: Health) -> None:
    """Show detectors, weights, report writers and versions."""
    yes, no = t("health.at_hand"), t("health.not_here")
    detectors, weights, writers, versions = st.tabs(
        [t("health.detectors"), t("health.weights"), t("health.writers"), t("health.versions")]
    )
    detectors.dataframe(
        [
            {
                t("health.product"): one.product,
                t("health.detector"): one.algorithm,
                t("health.version"): one.version,
                t("health.promise"): one.problem
                or (guarantee_text(one.guarantee) if one.guarantee else ""),
            }
            for one in health.detectors
        ],
        hide_index=True,
        alt=t("health.detectors"),
    )
    weights.dataframe(
        [
            {
                t("health.network"): one.name,
                t("health.kind"): label(one.kind),
                t("health.state"): yes if one.at_hand else no,
            }
            for one in health.weights
        ],
        hide_index=True,
        alt=t("health.weights"),
    )
    writers.dataframe(
        [
            {
                t("health.writer"): writer_title(catalogue()[one.key]),
                t("health.key"): one.key,
                t("health.lacks"): "; ".join(map(lack_label, one.missing)) or t("health.nothing"),
            }
            for one in health.writers
        ],
        hide_index=True,
        alt=t("health.writers"),
    )
    versions.dataframe(
        [
            {t("health.package"): name, t("health.version"): version or no}
            for name, version in health.versions.items()
        ],
        hide_index=True,
        alt=t("health.versions"),
    )


with shown_to_the_operator():
    station, condition = looked_at()
    show_verdict(condition, lots_left(station))
    left, right = st.columns([11, 10], gap="medium")
    with left:
        show_checks(condition)
    with right, shown_to_the_operator():
        if station is not None:
            show_jobs(station)
    show_sizes(condition)
    show_troubles(condition)
    show_parts(condition)
