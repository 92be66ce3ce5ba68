"""Verdict, defects, evidence and timing of an inspection."""

from __future__ import annotations

from collections.abc import Sequence

# Plotly breaks where another thread is half way through loading pandas: see `figures`.
import pandas  # noqa: F401
import plotly.graph_objects as go
import streamlit as st

from core.domain import Defect, DefectTypeGuess, Inspection, Judgement, StepName
from core.domain.errors import InspectionError
from core.services.station import Station
from pages.parts.inspect.viewer import look_at
from pages.parts.palette import palette
from pages.parts.statements import guarantee_text
from pages.parts.tables import localised
from pages.parts.words import COLOURS, ICONS, plain, why_nothing
from pages.texts import number, percentage, separators, t, when
from pages.texts.labels import label, label_of, place_label, unlike_label


def show_unlike(inspection: Inspection) -> None:
    """Say how the picture was taken unlike those taught: to be looked at before the part."""
    for unlike in inspection.image.unlike:
        st.warning(plain(unlike_label(unlike)), icon=":material/photo_camera:")


def show_verdict(judgement: Judgement) -> None:
    """Show the verdict with the figures that led to it."""
    verdict = judgement.verdict
    with st.container(border=True, gap="small"):
        st.markdown(f"## :{COLOURS[verdict]}[{ICONS[verdict]} {label(verdict)}]")
        st.markdown(
            t(
                "facts.score",
                score=number(judgement.score, 3),
                low=number(judgement.t_low, 3),
                high=number(judgement.t_high, 3),
                percentile=number(judgement.percent_below),
            )
        )
        st.caption(guarantee_text(judgement.false_alarm))
        if judgement.is_unlike:
            st.warning(t("statements.unlike"), icon=":material/help:")


def show_score_among_normals(station: Station, inspection: Inspection) -> None:
    """Show the score among those of the held-out normals."""
    try:
        calibration = station.taught(inspection.product, inspection.detector.algorithm).calibration
    except InspectionError:
        return
    judgement = inspection.judgement
    if calibration.t_low != judgement.t_low:
        return  # judged by an earlier version, whose normals these are not
    colours = palette()
    figure = go.Figure(go.Histogram(x=calibration.normals.scores, marker_color=colours.calm))
    lines = (
        (judgement.t_low, "dot", t("facts.review_line")),
        (judgement.t_high, "dash", t("facts.fail_line")),
    )
    for value, dash, name in lines:
        figure.add_vline(value, line_dash=dash, line_color=colours.limit, annotation_text=name)
    figure.add_vline(
        judgement.score,
        line_width=3,
        annotation_text=t("facts.this_part"),
        line_color=colours.main,
    )
    # Labels of close lines would overlap, so each has its own height.
    for note, height in zip(figure.layout.annotations, (1.0, 0.7, 0.4), strict=True):
        note.update(xanchor="right", y=height)
    figure.update_layout(
        height=130,
        margin={"l": 0, "r": 0, "t": 18, "b": 0},
        separators=separators(),
        showlegend=False,
        xaxis_title=None,
        yaxis_title=None,
        xaxis_range=_range(calibration.normals.scores, judgement),
    )
    st.plotly_chart(
        figure,
        config={"displayModeBar": False},
        key=f"scores-{inspection.id}",
        alt=t(
            "facts.scores_alt",
            count=len(calibration.normals.scores),
            score=number(judgement.score, 3),
        ),
    )


def _range(scores: Sequence[float], judgement: Judgement) -> tuple[float, float]:
    low = min(scores[0], judgement.score)
    high = max(judgement.t_high, judgement.score)
    return low - 0.05 * (high - low), high + 0.2 * (high - low)


def show_defects(inspection: Inspection) -> None:
    """Show the measured defects and the types that fit; choosing a row zooms in on it."""
    defects, guesses = inspection.defects, inspection.defect_types
    if not defects:
        st.caption(t("facts.no_defect"))
        return
    key = f"defects-{inspection.id}"

    def look_at_row() -> None:
        rows = st.session_state[key].selection.rows
        look_at(inspection, defects[rows[0]].id if rows else "")

    st.dataframe(
        localised(
            [_row(defect, guesses) for defect in defects],
            {
                t("facts.area"): 2,
                t("facts.peak"): 3,
                t("facts.mean"): 3,
                t("facts.pixels"): 0,
                t("facts.mm2"): 2,
            },
        ),
        hide_index=True,
        height="content" if len(defects) <= 6 else 245,
        on_select=look_at_row,
        selection_mode="single-row",
        key=key,
        alt=t("facts.defects_alt", count=len(defects)),
    )
    said = [t("facts.row_zooms")]
    if guesses:
        said.append(t("facts.fits_means", calibration=guesses[0].calibration or t("facts.a_rank")))
    st.caption(" ".join(said))


def _row(defect: Defect, guesses: tuple[DefectTypeGuess, ...]) -> dict[str, str | float]:
    row: dict[str, str | float] = {
        t("facts.id"): defect.id,
        t("facts.severity"): label(defect.severity),
        t("facts.region"): place_label(defect.region),
    }
    if guesses:
        own = [guess for guess in guesses if guess.defect_id == defect.id]
        row[t("facts.fits")] = ", ".join(map(_guess_words, own))
    row |= {
        t("facts.area"): round(defect.area_percent, 2),
        t("facts.peak"): round(defect.peak, 3),
        t("facts.mean"): round(defect.mean, 3),
        t("facts.pixels"): defect.area_px,
    }
    if defect.area_mm2 is not None:
        row[t("facts.mm2")] = round(defect.area_mm2, 2)
    return row


def _guess_words(guess: DefectTypeGuess) -> str:
    name = guess.defect_type.replace("_", " ")
    return name if guess.probability is None else f"{name} {percentage(guess.probability, 0)}"


def show_snippets(inspection: Inspection) -> None:
    """Show the knowledge that was found."""
    st.markdown(f"##### {t('facts.knowledge')}")
    if not inspection.snippets:
        st.caption(why_nothing(inspection, StepName.KNOWLEDGE))
    for snippet in inspection.snippets:
        likeness = t("facts.similarity", value=number(snippet.similarity, 2))
        with st.expander(f"{plain(snippet.title)} · {snippet.id} · {likeness}"):
            st.text(snippet.text)
            st.caption(
                t(
                    "facts.snippet_source",
                    scope=snippet.scope,
                    place=plain(snippet.place),
                    step=snippet.matched_by,
                )
                + f" · [{t('facts.open_knowledge')}](knowledge?entry={snippet.id})"
            )


def show_failed_steps(inspection: Inspection) -> bool:
    """Show which steps failed and why; return whether any did."""
    failed = [step for step in inspection.steps if step.status == "failed"]
    for step in failed:
        st.warning(
            t("facts.step_failed", step=label(step.name), reason=plain(step.reason)),
            icon=":material/warning:",
        )
    return bool(failed)


def show_steps(inspection: Inspection) -> None:
    """Show how long each step took, and how it ended."""
    st.dataframe(
        localised(
            [
                {
                    t("facts.step"): label(step.name),
                    t("facts.time_ms"): 1000 * step.seconds,
                    t("facts.status"): label_of("StepStatus", step.status),
                    t("facts.reason"): step.reason,
                }
                for step in inspection.steps
            ],
            {t("facts.time_ms"): 1},
        ),
        hide_index=True,
        alt=t("facts.steps_alt"),
    )
    detector = inspection.detector
    st.caption(
        t(
            "facts.record",
            id=inspection.id,
            time=when(inspection.created_at),
            seconds=number(sum(step.seconds for step in inspection.steps), 2),
            algorithm=detector.algorithm,
            backbone=detector.backbone,
            version=detector.version,
            picture=inspection.image.sha256[:16],
            map=inspection.map_sha256[:16],
        )
    )
