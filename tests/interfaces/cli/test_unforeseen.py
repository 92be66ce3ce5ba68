"""A command that meets an error of nobody's: a sentence on the screen, the traceback in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.infrastructure.settings import Settings
from core.interfaces.cli.main import main


@pytest.fixture
def _broken_station(empty_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command opens a station from settings that are none."""
    monkeypatch.setattr("core.interfaces.cli.inspect.settings", lambda: None)
    monkeypatch.setattr("core.interfaces.cli.error_log.settings", lambda: empty_settings)


@pytest.mark.usefixtures("_broken_station")
def test_the_sentence_is_said_and_the_traceback_is_kept(
    empty_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", "x.png", "--product", "ELPV/mono"]) == 1

    said = capsys.readouterr().err
    log = empty_settings.data_dir / "errors.log"
    assert "Error: The command could not be done: an error that nobody foresaw" in said
    assert "Traceback" not in said
    assert str(log) in said
    assert "Traceback" in log.read_text()
    assert "AttributeError" in log.read_text()


@pytest.mark.usefixtures("_broken_station")
def test_a_log_that_cannot_be_written_is_said_on_the_screen(
    empty_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(empty_settings.data_dir).write_text("a file in the way")

    assert main(["inspect", "x.png", "--product", "ELPV/mono"]) == 1

    said = capsys.readouterr().err
    assert "Error: The command could not be done" in said
    assert "Traceback" in said
