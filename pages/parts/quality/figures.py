"""Figures of the line: control chart, Pareto, places of defects."""

from __future__ import annotations

import base64
import math
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import numpy as np

# Plotly looks for pandas among what is loaded, and breaks where another chart's thread is half way
# through loading it: so it is loaded before any chart is made.
import pandas  # noqa: F401
import plotly.graph_objects as go

from core.services.inspection_images import NormalPicture
from core.statistics.control_charts import ChartRule, PChart
from core.statistics.counts import Period
from core.statistics.quality import Bar
from pages.parts.palette import Palette, faint
from pages.texts import number, percentage, separators, t
from pages.texts.labels import label

HEIGHT_PX = 330
# Nelson rules, the most important first, each with its own mark.
SYMBOLS = {
    ChartRule.BEYOND_LIMITS: "diamond",
    ChartRule.TWO_OF_THREE: "triangle-up",
    ChartRule.ONE_SIDE: "square",
    ChartRule.TREND: "star",
}
MOST_NAMED_PLACES = 3
NEIGHBOURS = 4


def framed(figure: go.Figure, height: int = HEIGHT_PX) -> go.Figure:
    """Give a figure the common style."""
    return figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        separators=separators(),
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0, "xanchor": "left"},
        hoverlabel={"align": "left"},
        bargap=0.25,
    )


def control_figure(chart: PChart, names: Sequence[str], colours: Palette) -> go.Figure:
    """Draw the share of nonconforming parts with its limits and a mark per broken rule.

    Args:
        chart: shares, limits and violations.
        names: of the points, each another.
        colours: of the theme.
    """
    line = {"color": colours.calm, "width": 1.5, "shape": "hvh"}
    figure = go.Figure()
    for key, values, dash in (
        ("upper", [point.upper for point in chart.points], "dash"),
        ("lower", [point.lower or None for point in chart.points], "dash"),
        ("centre", [chart.centre] * len(names), "dot"),
    ):
        figure.add_scatter(
            x=names,
            y=values,
            mode="lines",
            line=line | {"dash": dash, "color": colours.calm if key == "centre" else colours.limit},
            hoverinfo="skip",
            showlegend=False,
        )
    figure.add_scatter(
        x=names,
        y=[point.share for point in chart.points],
        mode="lines+markers",
        name=t("quality.share"),
        line={"color": colours.main, "width": 1.5},
        marker={"size": 5},
        showlegend=False,
        text=[
            t(
                "quality.point",
                count=number(point.nonconforming),
                of=number(point.inspected),
                share=percentage(point.share),
                low=percentage(point.lower),
                high=percentage(point.upper),
            )
            for point in chart.points
        ],
        hovertemplate="%{x}<br>%{text}<extra></extra>",
    )
    for rule, points in broken(chart).items():
        figure.add_scatter(
            x=[names[at] for at in points],
            y=[chart.points[at].share for at in points],
            mode="markers",
            name=label(rule),
            marker={
                "symbol": SYMBOLS[rule],
                "size": 11 if rule is ChartRule.BEYOND_LIMITS else 9,
                "color": colours.alarm if rule is ChartRule.BEYOND_LIMITS else colours.ground,
                "line": {"width": 1.8, "color": colours.alarm},
            },
            hoverinfo="skip",
        )
    last = chart.points[-1]
    for value, key in (
        (last.upper, t("quality.upper")),
        (chart.centre, t("quality.centre", share=percentage(chart.centre, 2))),
        (last.lower, t("quality.lower")),
    ):
        if value == 0:
            continue  # no limit that a share could be below
        figure.add_annotation(
            x=1.005, xref="paper", y=value, text=key, showarrow=False, xanchor="left", font_size=11
        )
    figure.update_xaxes(type="category", nticks=8, tickangle=0, title=None)
    figure.update_yaxes(tickformat=".1%", title=None)
    return framed(figure).update_layout(margin_r=96)


def period_names(labels: Sequence[str], by: Period) -> list[str]:
    """Name periods by when they start, and lots as they are."""
    if by is Period.LOT:
        return list(labels)
    pattern = "%Y-%m-%d" if by is Period.DAY else "%m-%d %H:%M"
    starts = [datetime.fromisoformat(label) for label in labels]
    names = [start.strftime(pattern) for start in starts]
    # Where clocks are put back, an hour comes twice: the offset from UTC tells which it is.
    seen = Counter(names)
    return [
        name if seen[name] == 1 else f"{name} {start:%z}"
        for name, start in zip(names, starts, strict=True)
    ]


def broken(chart: PChart) -> dict[ChartRule, tuple[int, ...]]:
    """Group points by the rule that they break, in the order of `SYMBOLS`."""
    found: dict[ChartRule, set[int]] = {}
    for violation in chart.violations:
        found.setdefault(violation.rule, set()).update(violation.points)
    return {rule: tuple(sorted(found[rule])) for rule in SYMBOLS if rule in found}


def pareto_figure(bars: Sequence[Bar], names: Sequence[str], colours: Palette) -> go.Figure:
    """Draw confirmed amounts as bars with their cumulative share, and guesses hatched upon them.

    The cumulative line is that of what is confirmed: a guess adds nothing to it.
    """
    confirmed = sum(bar.confirmed for bar in bars)
    guessed = sum(bar.guessed for bar in bars)
    figure = go.Figure()
    for values, name, marker in (
        (
            [bar.confirmed for bar in bars],
            t("quality.confirmed", count=number(confirmed)),
            {"color": colours.main},
        ),
        (
            [bar.guessed for bar in bars],
            t("quality.guessed", count=number(guessed)),
            {
                "color": colours.ground,
                "line": {"color": colours.calm, "width": 1},
                "pattern": {
                    "shape": "/",
                    "fgcolor": faint(colours.calm, 0.45),
                    "size": 8,
                    "solidity": 0.15,
                },
            },
        ),
    ):
        if not any(values):
            continue
        figure.add_bar(
            x=names,
            y=values,
            name=name,
            text=[number(value) if value else "" for value in values],
            textangle=0,
            insidetextfont={"color": colours.ground if marker == {"color": colours.main} else None},
            cliponaxis=False,
            marker=marker,
            hovertemplate="%{x}: %{text}<extra>%{fullData.name}</extra>",
        )
    highest = max(confirmed, *(bar.amount for bar in bars))
    if confirmed:
        known = [(name, bar) for name, bar in zip(names, bars, strict=True) if bar.confirmed]
        figure.add_scatter(
            x=[name for name, _ in known],
            y=[bar.cumulative * confirmed for _, bar in known],
            mode="lines+markers",
            line={"color": colours.limit, "dash": "dash", "width": 1.5},
            marker={"symbol": "circle-open", "size": 8},
            name=t("quality.cumulative"),
            text=[percentage(bar.cumulative) for _, bar in known],
            hovertemplate="%{x}: %{text}<extra></extra>",
        )
        for share in (0.5, 0.8, 1):
            figure.add_annotation(
                x=1.01,
                xref="paper",
                y=share * confirmed,
                text=percentage(share, 0),
                showarrow=False,
                xanchor="left",
                font_size=11,
            )
    figure.update_yaxes(range=[0, 1.08 * highest], tickformat=",", title=None)
    figure.update_xaxes(type="category", title=None)
    return framed(figure).update_layout(barmode="stack", margin_r=44, showlegend=True)


def places_figure(counts: np.ndarray, picture: NormalPicture | None, colours: Palette) -> go.Figure:
    """Draw the centres of defects on a grid over the part; the fullest fields show a number.

    Args:
        counts: integers (rows, columns), top row first.
        picture: a normal part under it; None: an empty frame.
        colours: of the theme.
    """
    rows, columns = counts.shape
    aspect = picture.aspect if picture else columns / rows
    most = max(1, int(counts.max()))
    figure = go.Figure(
        go.Heatmap(
            z=np.where(counts > 0, counts, np.nan),
            x=(np.arange(columns) + 0.5) / columns,
            y=(np.arange(rows) + 0.5) / rows,
            zmin=0,
            zmax=most,
            colorscale=[[0, faint(colours.alarm, 0.12)], [1, faint(colours.alarm, 0.85)]],
            colorbar={
                "thickness": 10,
                "title": {"text": t("quality.defects"), "side": "right"},
                "tick0": 0,
                "dtick": whole_step(most),
                "tickformat": ",d",
            },
            hovertemplate="%{z}<extra></extra>",
        )
    )
    for row, column in most_hit(counts):
        figure.add_annotation(
            x=(column + 0.5) / columns,
            y=(row + 0.5) / rows,
            text=f"<b>{number(int(counts[row, column]))}</b>",
            showarrow=True,
            arrowhead=0,
            # Towards the middle, because the colour bar and its ticks are beside the picture.
            ax=26 if column < columns / 2 else -26,
            ay=-22,
            bgcolor=colours.ground,
            bordercolor=colours.alarm,
            borderpad=2,
            font_size=12,
        )
    if picture:
        figure.add_layout_image(
            source=f"data:image/png;base64,{base64.b64encode(picture.png).decode()}",
            xref="x",
            yref="y",
            x=0,
            y=0,
            sizex=1,
            sizey=1,
            sizing="stretch",
            layer="below",
        )
    figure.update_xaxes(range=[0, 1], visible=False, constrain="domain")
    figure.update_yaxes(
        range=[1, 0], visible=False, scaleanchor="x", scaleratio=1 / aspect, constrain="domain"
    )
    figure.add_shape(type="rect", x0=0, y0=0, x1=1, y1=1, line={"color": colours.calm, "width": 1})
    return framed(figure, 380)


def whole_step(most: int) -> int:
    """Choose the step between ticks of counts: whole, round, for about five ticks."""
    rough = most / 5
    power = 10 ** math.floor(math.log10(rough))
    return max(1, round(next(each * power for each in (1, 2, 5, 10) if each * power >= rough)))


def most_hit(counts: np.ndarray) -> list[tuple[int, int]]:
    """Find row and column of the fullest fields, without the neighbours of a fuller one."""
    places: list[tuple[int, int]] = []
    for at in np.argsort(-counts, axis=None, kind="stable"):
        row, column = divmod(int(at), counts.shape[1])
        if counts[row, column] == 0 or len(places) == MOST_NAMED_PLACES:
            break
        if all(max(abs(row - r), abs(column - c)) > NEIGHBOURS for r, c in places):
            places.append((row, column))
    return places
