"""Operators at once: a real console, REST and a browser, and what they could not do."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.errors import EvaluationError
from core.evaluation import running_console as running_console_module
from core.evaluation.operator_clients import CHROMIUM, BrowserOperator, RestOperator
from core.evaluation.operators import TO_VERDICT, measure_operators, operators_table
from core.evaluation.running_console import running_console
from core.settings import Settings
from core.sources import PictureFile


def test_all_of_them_are_answered_and_on_record(station: Settings) -> None:
    browsers = 1 if shutil.which(CHROMIUM) else 0

    figures = measure_operators(
        station,
        operators=3,
        browsers=browsers,
        pictures=6,
        seconds=60,
        on_progress=lambda step, share: None,
    )

    assert figures.errors == ()
    assert figures.inspected == 6
    assert figures.recorded == 6 + 3
    assert sum(way.operators for way in figures.waiting) == 3
    assert all(0 < way.p50 <= way.p95 <= way.longest for way in figures.waiting)
    steps = {step.name: step for step in figures.steps}
    assert set(TO_VERDICT) < steps.keys()
    assert steps["verdict"].p95 >= steps["detect"].p95
    assert not station.data_dir.exists(), "the station's own records are left alone"
    assert "6 pictures in" in operators_table(figures)


def test_what_is_answered_with_an_error_is_one(station: Settings) -> None:
    station.data_dir.mkdir()

    with running_console(station) as address, ExitStack() as stack:
        operator = RestOperator(address, "Ana", stack)
        with pytest.raises(EvaluationError, match=r"404 .*There is no product ELPV/mono"):
            operator.inspect(PictureFile.of("cell.png", b"any"))


def test_a_console_that_does_not_start_says_so(
    station: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_console_module, "STARTS_WITHIN_S", 8)
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    station.data_dir.mkdir()
    broken = station.model_copy(update={"database_url": f"duckdb:///{in_the_way}"})

    # The console itself starts without records, and health says that it has none.
    with pytest.raises(EvaluationError, match="did not start"), running_console(broken):
        pass


def test_without_a_console_a_browser_says_what_to_do() -> None:
    with (
        ExitStack() as stack,
        pytest.raises(EvaluationError, match=r"could not open the console.*--browsers 0"),
    ):
        BrowserOperator("http://127.0.0.1:9", "Ana", stack)
