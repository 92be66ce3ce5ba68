"""Operators at once: a real console, sessions and a browser, and what they could not do."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.domain import Verdict
from core.domain.errors import EvaluationError
from core.evaluation.benchmarks import running_console as running_console_module
from core.evaluation.benchmarks.console_session import ConsoleSession, ForwardMsg
from core.evaluation.benchmarks.operator_clients import CHROMIUM, BrowserOperator, SessionOperator
from core.evaluation.benchmarks.operators import TO_VERDICT, measure_operators, operators_table
from core.evaluation.benchmarks.running_console import running_console
from core.imaging.picture_files import PictureFile, demo_unseen_normals
from core.infrastructure.settings import Settings
from core.records.inspections import load_inspection
from core.records.search import Filter, search
from core.records.store.database import Database
from core.services.station import Station


@pytest.mark.slow
def test_all_of_them_are_answered_and_on_record(empty_settings: Settings) -> None:
    browsers = 1 if shutil.which(CHROMIUM) else 0

    figures = measure_operators(
        empty_settings,
        operators=3,
        browsers=browsers,
        pictures=6,
        seconds=60,
        takt=0.5,
        on_progress=lambda step, share: None,
    )

    assert figures.errors == ()
    assert figures.inspected == 6
    assert figures.recorded == 6 + 3
    assert sum(way.operators for way in figures.waiting) == 3
    for way in figures.waiting:
        assert 0 < way.verdict.p50 <= way.verdict.p95 <= way.verdict.longest
        assert way.verdict.p50 < way.drawn.p50 <= way.drawn.p95
    steps = {step.name: step for step in figures.steps}
    assert set(TO_VERDICT) < steps.keys()
    assert steps["verdict"].taken.p95 >= steps["detect"].taken.p95
    assert not empty_settings.data_dir.exists(), "the station's own records are left alone"
    assert "6 pictures in" in operators_table(figures)


@pytest.mark.slow
def test_what_the_page_refuses_is_an_error(demo_station: Station, tmp_path: Path) -> None:
    settings = demo_station.settings.model_copy(update={"data_dir": tmp_path / "data"})
    settings.data_dir.mkdir()
    with running_console(settings) as address, ExitStack() as stack:
        operator = SessionOperator(address, "Ana", stack)
        with pytest.raises(EvaluationError, match=r"torn.png is not a picture"):
            operator.inspect(PictureFile.of("torn.png", b"any"))
        answered = operator.inspect(demo_unseen_normals()[0])

    assert 0 < answered.verdict < answered.drawn
    with Database.open(settings) as records:
        assert load_inspection(records, answered.inspection).judgement.verdict is Verdict.PASS


@pytest.mark.slow
def test_a_click_while_a_part_is_judged_loses_no_picture(
    demo_station: Station, tmp_path: Path
) -> None:
    settings = demo_station.settings.model_copy(update={"data_dir": tmp_path / "data"})
    settings.data_dir.mkdir()
    cells, interrupted = demo_unseen_normals()[:4], 0
    with running_console(settings) as address, ExitStack() as stack:
        session = ConsoleSession(address, stack)
        for cell in cells:
            state, was_clicked = session.upload(cell), False
            for message in session.rerun(state):
                told = message.delta.new_element.markdown.body
                if not was_clicked and told.replace("\\", "").startswith(
                    f"Judging {cell.filename}"
                ):
                    session.ask(state)
                    was_clicked = True
                interrupted += message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
            assert was_clicked

    with Database.open(settings) as records:
        recorded = search(records, Filter(), limit=50)
    assert sorted(row.filename for row in recorded) == sorted(cell.filename for cell in cells)
    assert interrupted == len(cells)


@pytest.mark.slow
def test_an_untaught_station_has_nowhere_to_put_a_picture(empty_settings: Settings) -> None:
    empty_settings.data_dir.mkdir()

    with running_console(empty_settings) as address, ExitStack() as stack:
        operator = SessionOperator(address, "Ana", stack)
        with pytest.raises(EvaluationError, match="has no file uploader"):
            operator.inspect(PictureFile.of("cell.png", b"any"))


def test_without_a_console_a_session_says_so() -> None:
    with ExitStack() as stack, pytest.raises(EvaluationError, match="ConnectError"):
        SessionOperator("http://127.0.0.1:9", "Ana", stack)


@pytest.mark.slow
def test_a_console_that_does_not_start_says_so(
    empty_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_console_module, "STARTS_WITHIN_S", 8)
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    empty_settings.data_dir.mkdir()
    broken = empty_settings.model_copy(update={"database_url": f"duckdb:///{in_the_way}"})

    # The console itself starts without records, and health says that it has none.
    with pytest.raises(EvaluationError, match="did not start"), running_console(broken):
        pass


def test_without_a_console_a_browser_says_what_to_do() -> None:
    with (
        ExitStack() as stack,
        pytest.raises(EvaluationError, match=r"could not open the console.*--browsers 0"),
    ):
        BrowserOperator("http://127.0.0.1:9", "Ana", stack)
