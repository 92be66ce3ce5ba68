"""Where held-out normals, known defects and thresholds lie on the scale of the scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Plotly uses the pandas in sys.modules, and fails on one that another thread is still importing.
import pandas  # noqa: F401
import plotly.graph_objects as go

from core.detection.calibration import Calibration
from core.domain import Verdict
from pages.parts.palette import Palette
from pages.texts import number, separators, t
from pages.texts.labels import label

BINS = 50


def threshold_figure(
    chosen: Calibration, present: Calibration, defects: Sequence[float], colours: Palette
) -> go.Figure:
    """Draw normals upward and known defects downward, with both pairs of thresholds.

    Up and down tell the two apart without a colour; counts stand as they are on both sides.
    """
    normals = chosen.normals.scores
    values = np.array([*normals, *defects, chosen.t_high, present.t_high])
    edges = np.linspace(values.min(), values.max() * 1.001, BINS + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    good = np.histogram(normals, edges)[0]
    bad = np.histogram(np.array(defects), edges)[0]
    figure = go.Figure()
    figure.add_bar(
        x=centres,
        y=good,
        name=t("products.normals_count", count=number(len(normals))),
        marker={"color": colours.calm},
        hovertemplate="%{x:.3f}: %{y}",
    )
    if len(defects):
        figure.add_bar(
            x=centres,
            y=-bad,
            customdata=bad,
            name=t("products.defects_count", count=number(len(defects))),
            marker={"color": colours.alarm, "pattern": {"shape": "/"}},
            hovertemplate="%{x:.3f}: %{customdata}",
        )
    is_moved = (chosen.t_low, chosen.t_high) != (present.t_low, present.t_high)
    if is_moved:
        for value in (present.t_low, present.t_high):
            figure.add_vline(value, line_dash="dot", line_width=1, line_color=colours.calm)
    for value, dash, name, side in (
        (chosen.t_low, "dash", label(Verdict.REVIEW), "right"),
        (chosen.t_high, "solid", label(Verdict.FAIL), "left"),
    ):
        figure.add_vline(value, line_dash=dash, line_width=2, line_color=colours.limit)
        figure.add_annotation(
            x=value,
            y=1,
            yref="paper",
            yanchor="bottom",
            xanchor=side,
            showarrow=False,
            text=f"{name} {number(value, 3)}",
        )
    most = max(int(good.max()), int(bad.max()), 1)
    steps = _ticks(most)
    figure.update_layout(
        height=320,
        margin={"l": 8, "r": 8, "t": 46, "b": 60},
        separators=separators(),
        barmode="overlay",
        bargap=0.05,
        legend={"orientation": "h", "yanchor": "top", "y": -0.24, "x": 0},
        xaxis_title=t("products.score_axis"),
        yaxis={
            "title": t("products.count_axis"),
            "tickvals": [*(-step for step in reversed(steps)), 0, *steps],
            "ticktext": [*map(number, reversed(steps)), "0", *map(number, steps)],
        },
    )
    return figure


def _ticks(most: int) -> list[int]:
    step = max(1, round(most / 3))
    return list(range(step, most + 1, step))
