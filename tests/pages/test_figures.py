"""Figures: what they draw follows from core's results, and is told apart without colours."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import plotly.graph_objects as go
import pytest

import core.tasks.shared_station
from core.records.running import StepTime, StepTimes
from core.services.inspection_images import NormalPicture
from core.services.quality import ScoreHistory
from core.services.station import Station
from core.statistics.control_charts import ChartRule, PChart, Sample, p_chart
from core.statistics.counts import Period, ScoreWeek, WritingCost
from core.statistics.drift import drift
from core.statistics.quality import Bar
from pages.parts.palette import Palette
from pages.parts.quality.figures import (
    SYMBOLS,
    broken,
    control_figure,
    most_hit,
    pareto_figure,
    period_names,
    places_figure,
    whole_step,
)
from pages.parts.quality.figures_running import (
    costs_figure,
    drift_figure,
    duration,
    scores_figure,
    steps_figure,
)
from pages.parts.quality.line import pareto_sentence
from pages.parts.quality.machine import drift_sentences

COLOURS = Palette("#1f5f8b", "#5c6770", "#b06c00", "#b4232d", "#18794e", "#ffffff")


@pytest.fixture(autouse=True)
def english(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are those of a station that nobody has set up."""
    monkeypatch.setattr(core.tasks.shared_station, "_shared", station)


def chart() -> PChart:
    """Twenty hours with one bad part in twenty, the last one with ten."""
    samples = [
        Sample(label=f"2026-11-24T{h:02d}:00", inspected=20, nonconforming=1) for h in range(20)
    ]
    samples.append(Sample(label="2026-11-24T20:00", inspected=20, nonconforming=10))
    found = p_chart(samples)
    assert found is not None
    return found


def looks(figure: go.Figure) -> list[tuple[object, ...]]:
    """What is left of each trace in black and white: its kind, line, mark and pattern."""
    return [
        (
            trace.type,
            trace.mode if trace.type == "scatter" else None,
            trace.line.dash if trace.type == "scatter" else None,
            trace.marker.symbol if trace.type == "scatter" else trace.marker.pattern.shape,
        )
        for trace in figure.data
        if trace.showlegend is not False
    ]


def test_a_point_beyond_its_limit_has_a_mark_and_a_name() -> None:
    names = period_names([point.label for point in chart().points], Period.HOUR)
    figure = control_figure(chart(), names, COLOURS)

    marked = {trace.name: trace for trace in figure.data if trace.mode == "markers"}
    assert list(marked["beyond the limits"].x) == ["11-24 20:00"]
    assert list(marked["beyond the limits"].y) == [0.5]
    assert marked["beyond the limits"].marker.symbol == "diamond"
    assert len(looks(figure)) == len(set(looks(figure)))
    said = " ".join(note.text for note in figure.layout.annotations)
    assert "mean 7.14 %" in said
    assert "upper limit" in said


def test_rules_have_marks_of_their_own() -> None:
    assert set(SYMBOLS) == set(ChartRule)
    assert len(set(SYMBOLS.values())) == len(SYMBOLS)
    assert broken(chart())[ChartRule.BEYOND_LIMITS] == (20,)


def test_periods_are_named_by_their_start_and_lots_as_they_are() -> None:
    label = "2026-11-24T22:00+01:00"

    assert period_names([label], Period.DAY) == ["2026-11-24"]
    assert period_names([label], Period.SHIFT) == period_names([label], Period.HOUR)
    assert period_names([label], Period.SHIFT) == ["11-24 22:00"]
    assert period_names(["L-1"], Period.LOT) == ["L-1"]


def test_an_hour_that_comes_twice_has_two_names() -> None:
    labels = ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00", "2026-10-25T03:00+01:00"]

    assert period_names(labels, Period.HOUR) == [
        "10-25 02:00 +0200",
        "10-25 02:00 +0100",
        "10-25 03:00",
    ]


def test_pareto_bars_bear_their_numbers_and_guesses_look_like_guesses() -> None:
    bars = (
        Bar(name="scratch", confirmed=3000, guessed=0, share=0.75, cumulative=0.75),
        Bar(name="dent", confirmed=1000, guessed=200, share=0.25, cumulative=1),
        Bar(name="colour", confirmed=0, guessed=5000, share=0, cumulative=1),
    )
    names = [bar.name for bar in bars]
    figure = pareto_figure(bars, names, COLOURS)
    confirmed, guessed, line = figure.data

    assert list(confirmed.text) == ["3,000", "1,000", ""]
    assert list(guessed.text) == ["", "200", "5,000"]
    assert confirmed.name == "confirmed by a person: 4,000"
    assert guessed.name == "guess of the program: 5,200"
    assert (confirmed.marker.pattern.shape, guessed.marker.pattern.shape) == (None, "/")
    assert list(line.x) == ["scratch", "dent"], "a guess adds nothing"
    assert list(line.y) == [3000, 4000]
    assert line.line.dash == "dash"
    said = pareto_sentence(bars, names)
    assert said.startswith("scratch leads with 3,000 confirmed, 75.0 %")
    assert "Only guessed: 5,200" in said


def test_a_pareto_of_guesses_alone_has_no_line() -> None:
    bars = (Bar(name="colour", confirmed=0, guessed=13, share=0, cumulative=0),)

    (guessed,) = pareto_figure(bars, ["colour"], COLOURS).data

    assert guessed.marker.pattern.shape == "/"
    assert "No type is confirmed" in pareto_sentence(bars, ["colour"])


def test_the_fullest_places_are_named_and_empty_ones_are_clear() -> None:
    counts = np.zeros((24, 24), int)
    counts[2, 3], counts[3, 3], counts[20, 20] = 9, 8, 5

    assert most_hit(counts) == [(2, 3), (20, 20)]
    figure = places_figure(counts, NormalPicture(b"png", 2.0), COLOURS)

    assert np.isnan(figure.data[0].z).sum() == 24 * 24 - 3
    assert [note.text for note in figure.layout.annotations] == ["<b>9</b>", "<b>5</b>"]
    assert figure.layout.images[0].source == "data:image/png;base64,cG5n"
    # Names lie towards the middle, away from the colour bar; half a defect is no tick of it.
    assert [note.ax > 0 for note in figure.layout.annotations] == [True, False]
    assert figure.data[0].colorbar.dtick == 2
    # A place near the top is drawn near the top.
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]
    assert figure.layout.yaxis.scaleratio == 0.5


@pytest.mark.parametrize(
    ("most", "step"), [(1, 1), (3, 1), (5, 1), (6, 2), (12, 5), (300, 100), (4000, 1000)]
)
def test_counts_have_whole_ticks(most: int, step: int) -> None:
    assert whole_step(most) == step


def test_weeks_that_drifted_bear_a_mark() -> None:
    rng = np.random.default_rng(0)
    normals = np.sort(rng.normal(0.5, 0.1, 200))
    same, moved = rng.normal(0.5, 0.1, 300), rng.normal(0.65, 0.1, 300)
    weeks = drift(
        normals.tolist(),
        2.0,
        [
            ScoreWeek(datetime(2026, 11, 16, tzinfo=UTC), same),
            ScoreWeek(datetime(2026, 11, 23, tzinfo=UTC), moved),
        ],
    )

    figure = drift_figure(weeks, COLOURS)

    (mark,) = [trace for trace in figure.data if trace.name == "drifted"]
    assert list(mark.x) == ["2026-11-23"]
    assert drift_sentences(weeks)[0].startswith("**1 week drifted**")
    assert drift_sentences(weeks)[1] == "No drift in 1 week."
    assert len(looks(figure)) == len(set(looks(figure)))
    scores = scores_figure(ScoreHistory(weeks, normals, 1.0, moved), COLOURS)
    assert [trace.line.dash for trace in scores.data] == ["dash", "solid"]
    assert scores.data[0].name == "200 held-out normals"
    # Shares of bins, each drawn by two points.
    assert [round(sum(trace.y) / 2, 6) for trace in scores.data] == [1, 1]


def test_no_drift_is_not_said_of_a_week_beyond_the_limit_or_of_too_few_parts() -> None:
    rng = np.random.default_rng(0)
    (week,) = drift(
        rng.normal(0.5, 0.1, 200).tolist(),
        2.0,
        [ScoreWeek(datetime(2026, 11, 23, tzinfo=UTC), rng.normal(0.6, 0.1, 300))],
    )
    beyond = week.model_copy(update={"ks_p": 0.2})
    few = week.model_copy(update={"psi": None, "psi_by_chance": None})

    said = " ".join(drift_sentences([beyond, few]))

    assert "No drift" not in said
    assert "1 week beyond the limit" in said
    assert "Unknown in 1 week" in said
    marks = {trace.name: trace.marker.symbol for trace in drift_figure([beyond], COLOURS).data}
    assert marks["perhaps drifted"] == "diamond-open"
    assert "drifted" not in marks


def test_steps_stand_in_their_order_with_the_takt() -> None:
    times = StepTimes(
        inspections=10,
        steps=(
            StepTime(name="detect", count=10, failed=0, median=0.1, p95=0.2),
            StepTime(name="report", count=10, failed=0, median=3, p95=120),
        ),
        median=3.1,
        p95=120.2,
        over_takt=2,
    )

    figure = steps_figure(times, 5, COLOURS)

    assert list(figure.data[-1].y) == ["detect", "report", "all steps"]
    assert list(figure.data[-1].text) == ["200 ms", "120 s", "120 s"]
    assert [note.text for note in figure.layout.annotations] == ["takt 5.0 s"]
    assert figure.layout.annotations[0].x == pytest.approx(np.log10(5))
    assert not steps_figure(times, None, COLOURS).layout.annotations


def test_writers_differ_in_pattern() -> None:
    def cost(writer: str) -> WritingCost:
        return WritingCost(
            day=date(2026, 11, 24),
            writer=writer,
            drafts=1,
            from_cache=0,
            input_tokens=1,
            output_tokens=1,
            cost_usd=0.5,
            unpriced=0,
        )

    figure = costs_figure([cost("a"), cost("b")], ["a", "b"], COLOURS)

    assert len(set(looks(figure))) == 2
    assert [list(trace.y) for trace in figure.data] == [[0.5], [0.5]]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0031, "3.1 ms"), (0.11, "110 ms"), (4.02, "4.0 s"), (120.4, "120 s")]
)
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text
