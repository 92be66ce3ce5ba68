"""What is said to be missing for a report writer to run on a station."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from huggingface_hub import constants
from pydantic import SecretStr

from core.infrastructure.settings import Settings
from core.reporting.availability import missing, ranked
from core.reporting.catalogue import Model, catalogue, find_model

REPOSITORY = Path(__file__).parents[2]
VARIABLES = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GOOGLE_API_KEY",
    "GEMINI_API_KEY",
    "OPENAI_COMPATIBLE_URL",
    "OPENAI_COMPATIBLE_MODEL",
    "LLM_WEIGHTS_DIR",
)
NOV_25, DEC_1 = date(2026, 11, 25), date(2026, 12, 1)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a station without keys, server or weights, whatever this machine has."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return Settings(data_dir=tmp_path / "data", llm_weights_dir=tmp_path / "weights")


def sentences(model: Model, settings: Settings, today: date | None = None) -> tuple[str, ...]:
    return tuple(lack.sentence() for lack in missing(model, settings, today))


def test_the_composer_always_runs(bare: Settings) -> None:
    assert missing(find_model("offline"), bare) == ()


@pytest.mark.parametrize(
    ("key", "phrase"),
    [
        ("gpt-6.1-sol", "API key (OPENAI_API_KEY)"),
        ("claude", "API key (ANTHROPIC_API_KEY)"),
        ("gemini-2.5-flash-lite", "API key (GOOGLE_API_KEY or GEMINI_API_KEY)"),
    ],
)
def test_a_key_is_missing(bare: Settings, key: str, phrase: str) -> None:
    assert sentences(find_model(key), bare) == (phrase,)


@pytest.mark.parametrize(
    ("variable", "key"),
    [
        ("OPENAI_API_KEY", "gpt-6.1-sol"),
        ("ANTHROPIC_API_KEY", "claude"),
        ("GOOGLE_API_KEY", "gemini-2.5-flash-lite"),
        ("GEMINI_API_KEY", "gemini-2.5-flash-lite"),
    ],
)
@pytest.mark.usefixtures("bare")
def test_a_key_is_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, variable: str, key: str
) -> None:
    monkeypatch.setenv(variable, "k-123")
    assert missing(find_model(key), Settings()) == ()

    monkeypatch.setenv(variable, " ")
    assert len(missing(find_model(key), Settings())) == 1, "an empty variable is no key"


def test_one_provider_key_is_not_another_one(bare: Settings) -> None:
    settings = bare.model_copy(update={"openai_api_key": SecretStr("k-123")})
    runs = {one.model.key for one in ranked(catalogue().values(), settings) if one.can_run}

    assert {"gpt-6.1-sol", "gpt-6-luna"} <= runs
    assert not any(key.startswith(("claude", "gemini", "openai-compatible")) for key in runs)


def test_a_server_needs_its_url_and_a_model(bare: Settings) -> None:
    model = find_model("openai-compatible")
    url = {"openai_compatible_url": "http://127.0.0.1:8000/v1"}
    both = url | {"openai_compatible_model": "gemma3"}

    assert sentences(model, bare) == (
        "URL of the server (OPENAI_COMPATIBLE_URL)",
        "name of its model (OPENAI_COMPATIBLE_MODEL)",
    )
    assert sentences(model, bare.model_copy(update=url)) == (
        "name of its model (OPENAI_COMPATIBLE_MODEL)",
    )
    assert missing(model, bare.model_copy(update=both)) == ()


@pytest.mark.parametrize(("today", "is_gone"), [(NOV_25, False), (DEC_1, True)])
def test_a_model_that_was_shut_down(bare: Settings, today: date, *, is_gone: bool) -> None:
    settings = bare.model_copy(update={"google_api_key": SecretStr("k-123")})
    phrases = sentences(find_model("gemini-2.5-pro"), settings, today)

    assert phrases == (("shut down by its provider on 2026-12-01",) if is_gone else ())


@pytest.mark.parametrize("key", ["gemma3-27b", "gemma3-12b-int4", "qwen", "llava"])
def test_weights_are_missing(bare: Settings, key: str) -> None:
    phrases = sentences(find_model(key), bare)

    assert any("weights" in phrase for phrase in phrases), phrases


def test_those_that_can_run_come_first(bare: Settings) -> None:
    settings = bare.model_copy(update={"anthropic_api_key": SecretStr("k-123")})
    order = list(catalogue())

    found = ranked(catalogue().values(), settings)
    places = [order.index(one.model.key) for one in found]
    first = sum(one.can_run for one in found)

    assert [one.can_run for one in found] == [True] * first + [False] * (len(order) - first)
    assert places[:first] == sorted(places[:first])
    assert places[first:] == sorted(places[first:])
    assert {"offline", "claude", "claude-opus-5-5"} <= {one.model.key for one in found[:first]}


def test_looking_it_up_is_light(bare: Settings) -> None:
    program = (
        "import sys; from core.infrastructure.settings import Settings; "
        "from core.reporting.catalogue import *; "
        "from core.reporting.availability import ranked; ranked(catalogue().values(), Settings()); "
        "print(sorted({'torch', 'transformers', 'xllamacpp', 'openai', 'anthropic', 'google.genai',"
        " 'langchain_core'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=os.environ | {"DEVICE": "cpu", "LLM_WEIGHTS_DIR": str(bare.llm_weights_dir)},
    )

    assert done.stdout == "[]\n", done.stderr
