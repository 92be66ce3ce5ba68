"""Two detectors over a past lot: what to compare, and what came of it."""

from __future__ import annotations

import base64

import streamlit as st

from core.detection.checkpoints import Active, active_version, versions
from core.domain import Job, JobState, Product, Verdict
from core.domain.errors import InspectionError, JobError
from core.domain.reading import Reading
from core.records.quality import period_counts
from core.records.search import Filter
from core.services.inspection_images import picture_thumbnail
from core.services.lot_comparison import ComparedPart, LotComparison
from core.services.station import Station
from core.statistics.counts import Period
from core.statistics.intervals import Rate
from core.tasks.lot_comparison import CompareLot
from pages.parts.jobs import watch_job
from pages.parts.product_choice import ask_product
from pages.parts.quality.words import bounds_text, share_text
from pages.parts.urls import inspection_link
from pages.parts.words import person_of, plain
from pages.texts import number, percentage, t, when
from pages.texts.labels import disposition_label, label

MOST_EARLIER = 30
ROWS_A_PAGE = 20
NAMES = ("A", "B")


def ask_comparison(station: Station) -> None:
    """Ask for product, lot and both detectors; the comparison runs in the background."""
    products = station.taught_products()
    if not products:
        st.info(t("compare.nothing_taught"), icon=":material/school:")
        return
    by_key = {product.key: product for product in products}
    key = ask_product(t("compare.product"), list(by_key), "lot-product")
    if key is None:
        return
    product = by_key[key]
    known = versions(station.settings, product)
    if len(known) < 2:
        st.info(t("lots.one_version", product=product.key), icon=":material/school:")
        return
    lot = _ask_lot(station, product)
    active = active_version(station.settings, product)
    first = st.selectbox(
        t("lots.first"),
        known,
        index=known.index(active),
        format_func=lambda version: _version_text(version, active),
    )
    second = st.selectbox(
        t("lots.second"),
        [version for version in known if version != first],
        format_func=lambda version: _version_text(version, active),
    )
    name = st.text_input(t("lots.name"), value=person_of())
    if st.button(t("lots.start"), type="primary", icon=":material/compare:", disabled=lot is None):
        st.session_state["person"] = name
        asked = Filter(product_key=product.key, lot=lot)
        comparison = CompareLot(filter=asked, versions=(first, second))
        job = station.jobs.submit(comparison, f"{product.key} {lot}", name)
        st.query_params["comparison"] = job.id
        st.rerun()


def show_comparison(station: Station) -> None:
    """Show the comparison that the URL names, and earlier ones to choose from.

    Raises:
        JobError: if the URL names no comparison.
    """
    jobs = {job.id: job for job in station.jobs.recent(MOST_EARLIER, CompareLot)}
    asked = st.query_params.get("comparison")
    if asked and asked not in jobs:
        job = station.jobs.job(asked)
        if job.kind != CompareLot.kind:
            raise JobError(f"The job {asked} compares no lot. Look for it on System health.")
        jobs = {asked: job, **jobs}
    if not jobs:
        st.info(t("lots.empty"), title=t("lots.title"), icon=":material/difference:")
        return
    chosen = st.selectbox(
        t("lots.comparison"),
        list(jobs),
        index=list(jobs).index(asked) if asked in jobs else 0,
        format_func=lambda job_id: f"{when(jobs[job_id].created_at)} · {jobs[job_id].title}",
    )
    if asked or chosen != next(iter(jobs)):
        st.query_params["comparison"] = chosen
    job = jobs[chosen]
    if job.state is not JobState.DONE:
        watch_job(station, job, lambda now: st.caption(when(now.created_at)))
        return
    _show_result(station, job)


def _ask_lot(station: Station, product: Product) -> str | None:
    lots = period_counts(station.records, Filter(product_key=product.key), Period.LOT)
    named = {each.label: each for each in reversed(lots)}
    return st.selectbox(
        t("lots.lot"),
        list(named),
        index=0 if named else None,
        format_func=lambda label: t(
            "lots.lot_parts", lot=label, count=number(named[label].inspected)
        ),
        placeholder=t("lots.no_lot"),
    )


def _version_text(version: Active, active: Active) -> str:
    text = f"{version.algorithm} {version.version}"
    return t("lots.active", version=text) if version == active else text


def _show_result(station: Station, job: Job) -> None:
    compared = job.result_as(LotComparison)
    if compared is None:
        return
    differing = compared.disagreements()
    st.markdown(
        " — ".join(
            f"**{name}** · {version.algorithm} {version.version}"
            for name, version in zip(NAMES, compared.versions, strict=True)
        )
    )
    with st.container(horizontal=True):
        st.metric(t("lots.parts"), number(len(compared.parts)))
        st.metric(t("lots.differ"), number(len(differing)))
        share = 1 - len(differing) / len(compared.parts) if compared.parts else None
        st.metric(t("lots.agree"), "–" if share is None else percentage(share))
        st.metric(t("lots.decided"), number(_decided(compared)))
    _show_notes(compared)
    verdicts, right = st.columns([9, 12], gap="medium")
    with verdicts:
        _show_verdicts(compared)
    with right:
        _show_standing(compared)
    show_disagreements(station, differing)


def _decided(compared: LotComparison) -> int:
    return sum(part.is_good is not None for part in compared.parts)


def _show_notes(compared: LotComparison) -> None:
    for name, seen in zip(NAMES, compared.seen_in_teaching, strict=True):
        if seen:
            st.caption(f":material/info: {t('lots.seen', name=name, count=seen)}")
    if compared.skipped:
        with st.expander(t("lots.skipped", count=len(compared.skipped))):
            for part in compared.skipped:
                st.caption(f"{plain(part.filename)}: {plain(part.sentence)}")


def _show_verdicts(compared: LotComparison) -> None:
    counts = compared.counts()
    st.markdown(f"##### {t('lots.verdicts')}")
    st.table(
        [
            {
                "A ╲ B": f"A: {_verdict(one)}",
                **{f"B: {_verdict(other)}": number(counts[one, other]) for other in Verdict},
            }
            for one in Verdict
        ],
        hide_index=True,
        alt=t("lots.verdicts_alt", count=len(compared.parts)),
    )
    st.caption(t("lots.verdicts_note", count=number(len(compared.parts))))


def _show_standing(compared: LotComparison) -> None:
    st.markdown(f"##### {t('lots.right')}")
    if not _decided(compared):
        st.caption(t("lots.nothing_decided"))
        return
    standings = [compared.standing(position) for position in range(2)]
    st.table(
        [
            {
                t("lots.detector"): name,
                t("lots.escapes"): _rate(standing.escapes),
                t("lots.overkills"): _rate(standing.overkills),
                t("lots.stopped"): _rate(standing.stopped),
            }
            for name, standing in zip(NAMES, standings, strict=True)
        ],
        hide_index=True,
        alt=t("lots.right_alt"),
    )
    st.caption(t("lots.right_note"))


def _rate(rate: Rate | None) -> str:
    if rate is None:
        return t("lots.unknown")
    return f"{rate.count}/{rate.out_of} = {share_text(rate)} [{bounds_text(rate)}]"


def show_disagreements(station: Station, differing: tuple[ComparedPart, ...]) -> None:
    """List the parts on which two detectors differ, with their pictures."""
    st.markdown(f"##### {t('lots.disagreements')}")
    if not differing:
        st.caption(t("lots.no_disagreement"))
        return
    pages = -(-len(differing) // ROWS_A_PAGE)
    page = st.pagination(pages, key="disagreements") if pages > 1 else 1
    shown = differing[ROWS_A_PAGE * (page - 1) : ROWS_A_PAGE * page]
    rows = [
        {
            t("lots.picture"): _data_url(station, part),
            t("lots.file"): part.filename,
            "A": f"{_verdict(part.verdicts[0])} {number(part.scores[0], 3)}",
            "B": f"{_verdict(part.verdicts[1])} {number(part.scores[1], 3)}",
            t("lots.then"): _verdict(part.then),
            t("lots.disposition"): disposition_label(part.disposition),
            t("lots.open"): inspection_link(part.inspection_id),
        }
        for part in shown
    ]
    st.dataframe(
        rows,
        hide_index=True,
        row_height=72,
        height="content" if len(rows) <= 6 else 480,
        column_config={
            t("lots.picture"): st.column_config.ImageColumn(width="small"),
            t("lots.open"): st.column_config.LinkColumn(display_text=t("lots.open_it")),
        },
        alt=t("lots.disagreements_alt", count=len(differing)),
    )


@st.cache_data(max_entries=500, show_spinner=False)
def _thumbnail(_station: Station, sha256: str, filename: str, reading: str) -> str:
    png = picture_thumbnail(_station, sha256, filename, Reading.model_validate_json(reading))
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _data_url(station: Station, part: ComparedPart) -> str | None:
    """Make a small picture; None where it is lost: the row shows all else."""
    try:
        return _thumbnail(station, part.sha256, part.filename, part.reading.model_dump_json())
    except InspectionError:
        return None


def _verdict(verdict: Verdict) -> str:
    """Name a verdict with a sign: cells take no icons."""
    return f"{SIGNS[verdict]} {label(verdict)}"


SIGNS = {Verdict.PASS: "✓", Verdict.REVIEW: "?", Verdict.FAIL: "✗"}
