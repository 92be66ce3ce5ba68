"""Figures of the machine: drift of scores, time of steps, cost of writers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.domain import StepName
from core.records.running import StepTimes
from core.services.quality import ScoreHistory
from core.statistics.counts import WritingCost
from core.statistics.drift import Drift, DriftState
from pages.parts.palette import PATTERNS, Palette, faint
from pages.parts.quality.figures import framed
from pages.texts import number, t
from pages.texts.labels import label

BINS = 30


def drift_figure(weeks: Sequence[Drift], colours: Palette) -> go.Figure:
    """Draw stability index and greatest distance by week; weeks that drifted are marked."""
    days = [f"{week.start:%Y-%m-%d}" for week in weeks]
    figure = go.Figure()
    figure.add_scatter(
        x=days,
        y=[week.psi for week in weeks],
        name=t("quality.psi"),
        mode="lines+markers",
        line={"color": colours.main, "width": 2},
        marker={"symbol": "circle", "size": 7},
    )
    figure.add_scatter(
        x=days,
        y=[week.psi_limit for week in weeks],
        name=t("quality.psi_limit"),
        mode="lines",
        line={"color": colours.limit, "dash": "dash", "width": 1.5, "shape": "hvh"},
    )
    figure.add_scatter(
        x=days,
        y=[week.ks for week in weeks],
        name=t("quality.ks"),
        mode="lines+markers",
        line={"color": colours.calm, "dash": "dot", "width": 1.5},
        marker={"symbol": "square-open", "size": 7},
    )
    for state, name, symbol in (
        (DriftState.DRIFTED, t("quality.drifted"), "diamond"),
        (DriftState.POSSIBLE, t("quality.possibly_drifted"), "diamond-open"),
    ):
        beyond = [week for week in weeks if week.state is state]
        if beyond:
            figure.add_scatter(
                x=[f"{week.start:%Y-%m-%d}" for week in beyond],
                y=[week.psi for week in beyond],
                name=name,
                mode="markers",
                marker={"symbol": symbol, "size": 13, "color": colours.alarm, "line_width": 2},
            )
    figure.update_xaxes(type="category", nticks=8, tickangle=0)
    figure.update_yaxes(rangemode="tozero", title=None)
    return framed(figure)


def scores_figure(history: ScoreHistory, colours: Palette) -> go.Figure:
    """Draw scores of held-out normals and of the newest week's passed parts, as shares."""
    everything = np.concatenate([history.normals, history.newest])
    edges = np.linspace(everything.min(), everything.max(), BINS + 1)
    figure = go.Figure()
    normals = t("quality.normals", count=number(len(history.normals)))
    newest = t("quality.newest", count=number(len(history.newest)))
    for scores, name, colour, dash, fill in (
        (history.normals, normals, colours.calm, "dash", True),
        (history.newest, newest, colours.main, "solid", False),
    ):
        if not len(scores):
            continue
        shares = np.histogram(scores, edges)[0] / len(scores)
        figure.add_scatter(
            x=np.repeat(edges, 2)[1:-1],
            y=np.repeat(shares, 2),
            name=name,
            mode="lines",
            line={"color": colour, "dash": dash, "width": 2},
            fill="tozeroy" if fill else None,
            fillcolor=faint(colour, 0.2),
        )
    figure.add_vline(
        history.t_low,
        line={"color": colours.limit, "dash": "dot", "width": 1.5},
        annotation_text=t("quality.threshold"),
        annotation_position="top left",
    )
    figure.update_xaxes(title=t("quality.score"))
    figure.update_yaxes(tickformat=".0%", rangemode="tozero", title=None)
    return framed(figure)


def steps_figure(times: StepTimes, takt_s: float | None, colours: Palette) -> go.Figure:
    """Draw median and 95th percentile of each step and of all, on a log scale."""
    rows = [(label(StepName(step.name)), step.median, step.p95) for step in times.steps]
    if times.median is not None and times.p95 is not None:
        rows.append((t("quality.all_steps"), times.median, times.p95))
    names = [name for name, _, _ in rows]
    figure = go.Figure()
    for name, median, p95 in rows:
        figure.add_scatter(
            x=[median, p95],
            y=[name, name],
            mode="lines",
            line={"color": colours.calm, "width": 2},
            hoverinfo="skip",
            showlegend=False,
        )
    for name, values, symbol, side in (
        (t("quality.median"), [row[1] for row in rows], "circle", "middle left"),
        (t("quality.p95"), [row[2] for row in rows], "diamond-open", "middle right"),
    ):
        figure.add_scatter(
            x=values,
            y=names,
            name=name,
            mode="markers+text",
            marker={"symbol": symbol, "size": 9, "color": colours.main, "line_width": 2},
            text=[duration(value) for value in values],
            textposition=side,
            textfont_size=11,
            cliponaxis=False,
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    if takt_s is not None:
        figure.add_vline(takt_s, line={"color": colours.limit, "dash": "dash", "width": 2})
        figure.add_annotation(
            x=np.log10(takt_s),  # annotations, unlike lines, take the place on a log axis
            y=1,
            yref="paper",
            yanchor="bottom",
            text=t("quality.takt", time=duration(takt_s)),
            showarrow=False,
        )
    shown = [value for _, *values in rows for value in values if value > 0] + [takt_s or 1]
    figure.update_xaxes(
        type="log",
        range=[np.log10(min(shown)) - 0.6, np.log10(max(shown)) + 0.6],
        dtick=1,
        title=t("quality.seconds"),
    )
    figure.update_yaxes(autorange="reversed", title=None)
    return framed(figure, 90 + 34 * len(rows))


def costs_figure(
    costs: Sequence[WritingCost], writers: Sequence[str], colours: Palette
) -> go.Figure:
    """Draw the cost of each day's drafts, by writer; writers differ in pattern too."""
    figure = go.Figure()
    for at, writer in enumerate(writers):
        own = [cost for cost in costs if cost.writer == writer]
        figure.add_bar(
            x=[f"{cost.day:%Y-%m-%d}" for cost in own],
            y=[cost.cost_usd for cost in own],
            name=writer,
            marker={
                "color": colours.series[at % len(colours.series)],
                "pattern": {"shape": PATTERNS[at % len(PATTERNS)], "fgcolor": colours.ground},
            },
        )
    figure.update_layout(barmode="stack", showlegend=True)
    figure.update_xaxes(type="date", tickformat="%Y-%m-%d", nticks=7, title=None)
    figure.update_yaxes(title="USD", rangemode="tozero")
    return framed(figure)


def duration(seconds: float) -> str:
    """Format a duration for a person."""
    if seconds < 1:
        return f"{number(1000 * seconds, 1 if seconds < 0.01 else 0)} ms"
    return f"{number(seconds, 1 if seconds < 100 else 0)} s"
