"""`python -m core models`: what it prints and refuses."""

from __future__ import annotations

import json

import pytest
from huggingface_hub import constants
from pydantic import SecretStr

from core.infrastructure.settings import Settings
from core.interfaces.cli import models
from core.interfaces.cli.main import main
from core.reporting.catalogue import Model, catalogue

KEY = "k-never-shown"


@pytest.fixture(autouse=True)
def there(station_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A station with a key of Anthropic's and nothing else."""
    nothing = dict.fromkeys(
        (
            *("openai_api_key", "google_api_key", "gemini_api_key"),
            *("openai_compatible_url", "openai_compatible_model"),
        )
    )
    own = {
        "anthropic_api_key": SecretStr(KEY),
        "llm_weights_dir": station_settings.data_dir / "weights",
    }
    chosen = station_settings.model_copy(update=nothing | own)
    monkeypatch.setattr(models, "settings", lambda: chosen)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(station_settings.data_dir / "hub"))


def test_a_table_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0

    out = capsys.readouterr().out
    table = [line for line in out.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert len({line.rindex("|", 0, -1) for line in table}) == 1, "aligned"
    assert {row[0] for row in cells[2:]} == set(catalogue())
    rows = {row[0]: row for row in cells[2:]}
    assert rows["claude"][3:] == ["10 of 1568", "2 / 10", "Anthropic commercial terms", "nothing"]
    assert rows["openai-compatible-text"][3:5] == ["none", "? / ?"]
    assert rows["gpt-4o"][-1] == "API key (OPENAI_API_KEY)"
    assert "weights" in rows["gemma3-27b-int4"][-1]
    lacks = [row[-1] != "nothing" for row in cells[2:]]
    assert lacks == sorted(lacks), "those that can run come first"
    assert f"{lacks.count(False)} of {len(lacks)} can run here." in out
    assert "gemini-2.5-pro 2026-12-01" in out
    assert KEY not in out


def test_json_holds_the_catalogue(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0

    out = capsys.readouterr().out
    records = {record["key"]: record for record in map(json.loads, out.splitlines())}
    for key, record in records.items():
        assert record.pop("can_run") == (record.pop("missing") == [])
        assert Model.model_validate(record) == catalogue()[key]
    assert records.keys() == catalogue().keys()
    assert KEY not in out


def test_a_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--family", "gemma 3", "--json"]) == 0

    keys = [json.loads(line)["key"] for line in capsys.readouterr().out.splitlines()]
    assert {"gemma3", "gemma3-27b-int8"} <= set(keys)
    assert all(key.startswith("gemma3") for key in keys)


def test_an_unknown_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--family", "Gema"]) == 1

    error = capsys.readouterr().err
    assert error.startswith(
        "Error: There is no family 'Gema'. Choose one of: offline, GPT, Claude,"
    )
