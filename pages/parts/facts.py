"""Verdict, defects, evidence and timing of an inspection."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go
import streamlit as st

from core.domain import Defect, DefectTypeGuess, Inspection, Judgement
from core.errors import InspectionError
from core.workbench import Workbench
from pages.parts.words import COLOURS, ICONS, plain, why_nothing


def show_verdict(judgement: Judgement) -> None:
    """The verdict with the figures that led to it."""
    verdict = judgement.verdict
    with st.container(border=True, gap="small"):
        st.markdown(f"## :{COLOURS[verdict]}[{ICONS[verdict]} {verdict.value}]")
        st.markdown(
            f"Score **{judgement.score:.3f}** · review from **{judgement.t_low:.3f}** · fail from "
            f"**{judgement.t_high:.3f}** · above **{judgement.percentile:.0f} %** of held-out "
            "normals"
        )
        st.caption(judgement.false_alarm.sentence())
        for sentence in judgement.notices():
            st.warning(sentence, icon=":material/help:")


def show_score_among_normals(bench: Workbench, inspection: Inspection) -> None:
    """Where the score lies beside those of the held-out normals."""
    try:
        calibration = bench.taught(inspection.product).calibration
    except InspectionError:
        return
    judgement = inspection.judgement
    if calibration.t_low != judgement.t_low:
        return  # judged by an earlier version, whose normals these are not
    figure = go.Figure(
        go.Histogram(x=calibration.normals.scores, name="held-out normals", marker_color="#7a8793")
    )
    lines = ((judgement.t_low, "dot", "review"), (judgement.t_high, "dash", "fail"))
    for value, dash, name in lines:
        figure.add_vline(value, line_dash=dash, line_color="#b06c00", annotation_text=name)
        figure.layout.annotations[-1].update(xanchor="right")
    figure.add_vline(
        judgement.score, line_width=3, annotation_text="this part", line_color="#1f5f8b"
    )
    figure.layout.annotations[-1].update(xanchor="left", y=0.75)
    figure.update_layout(
        height=150,
        margin={"l": 0, "r": 0, "t": 18, "b": 0},
        showlegend=False,
        xaxis_title=None,
        yaxis_title=None,
        xaxis_range=_range(calibration.normals.scores, judgement),
    )
    st.plotly_chart(
        figure,
        config={"displayModeBar": False},
        key=f"scores-{inspection.id}",
        alt=f"Histogram of {len(calibration.normals.scores)} held-out normal scores; this part "
        f"scores {judgement.score:.3f}",
    )


def _range(scores: Sequence[float], judgement: Judgement) -> tuple[float, float]:
    low = min(scores[0], judgement.score)
    high = max(judgement.t_high, judgement.score)
    return low - 0.05 * (high - low), high + 0.2 * (high - low)


def show_defects(defects: tuple[Defect, ...], guesses: tuple[DefectTypeGuess, ...]) -> None:
    """The table of measured defects, with the types that fit them."""
    if not defects:
        st.caption("No region reaches the review threshold.")
        return
    st.dataframe(
        [
            {
                "Id": defect.id,
                "Severity": defect.severity.value,
                "Region": defect.region,
                "Peak": round(defect.peak, 3),
                "Mean": round(defect.mean, 3),
                "Area %": round(defect.area_percent, 2),
                "px": defect.area_px,
                **_square_millimetres(defect),
                **_fitting(defect, guesses),
            }
            for defect in defects
        ],
        hide_index=True,
        height="content" if len(defects) <= 6 else 245,
        alt=f"{len(defects)} measured defects",
    )
    if guesses:
        calibration = guesses[0].calibration or "A rank by likeness, without a probability."
        st.caption(f"Fits: known types, the likeliest first; not confirmed. {calibration}")


def _square_millimetres(defect: Defect) -> dict[str, float]:
    return {} if defect.area_mm2 is None else {"mm²": round(defect.area_mm2, 2)}


def _fitting(defect: Defect, guesses: tuple[DefectTypeGuess, ...]) -> dict[str, str]:
    if not guesses:
        return {}
    own = [guess for guess in guesses if guess.defect_id == defect.id]
    return {"Fits": ", ".join(map(_guess_words, own))}


def _guess_words(guess: DefectTypeGuess) -> str:
    name = guess.defect_type.replace("_", " ")
    return name if guess.probability is None else f"{name} {guess.probability:.0%}"


def show_snippets(inspection: Inspection) -> None:
    """What the knowledge says."""
    st.markdown("##### Knowledge")
    if not inspection.snippets:
        st.caption(why_nothing(inspection, "knowledge"))
    for snippet in inspection.snippets:
        with st.expander(
            f"{plain(snippet.title)} · {snippet.id} · similarity {snippet.similarity:.2f}"
        ):
            st.text(snippet.text)
            st.caption(
                f"{snippet.scope} · {plain(snippet.place)} · found by {snippet.matched_by} · "
                f"[open in Knowledge](knowledge?entry={snippet.id})"
            )


def show_steps(inspection: Inspection) -> None:
    """How long each step took, and what failed or was off."""
    total = sum(step.seconds for step in inspection.steps)
    for step in inspection.steps:
        if step.status == "failed":
            st.warning(f"The step '{step.name}' failed: {step.reason}", icon=":material/warning:")
    with st.expander(f"Steps and record · {total * 1000:.0f} ms"):
        st.dataframe(
            [
                {
                    "Step": step.name,
                    "Time (ms)": round(step.seconds * 1000, 1),
                    "Status": step.status,
                    "Reason": step.reason,
                }
                for step in inspection.steps
            ],
            hide_index=True,
            alt="Time and status of each step",
        )
        detector = inspection.detector
        st.caption(
            f"{inspection.id} · {inspection.created_at:%Y-%m-%d %H:%M:%S} UTC · "
            f"{detector.algorithm} on {detector.backbone}, version {detector.version} · "
            f"picture {inspection.image.sha256[:16]} · map {inspection.map_sha256[:16]}"
        )
