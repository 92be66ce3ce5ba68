"""Lists and charts over made-up inspections: each is asked, and what it says is of them."""

from __future__ import annotations

import pytest

from core.evaluation.benchmarks.records import many_records_table, measure_many_records
from core.infrastructure.settings import Settings
from core.interfaces.cli.main import main


def test_every_screen_is_timed(station_settings: Settings) -> None:
    steps: list[float] = []

    figures = measure_many_records(
        2000, station_settings, on_progress=lambda step, share: steps.append(share)
    )

    assert figures.entries == 2000
    names = [timing.what for timing in figures.timings]
    assert len(names) == len(set(names)) == 18 + 3 + 2 * 10 + 1 + 3
    assert all(0 < timing.median < 5 for timing in figures.timings)
    assert steps[-1] == 1
    assert not station_settings.records_path.exists(), "the station's own records are left alone"
    table = many_records_table(figures)
    assert "| History: first page |" in table
    assert "2,000 made-up inspections" in table


def test_the_command_refuses_no_entries(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bench", "records", "--entries", "0"])

    assert "at least 1" in capsys.readouterr().err
