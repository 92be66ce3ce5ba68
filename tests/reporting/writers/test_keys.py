"""Keys come from the settings alone, and are told to nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from core.domain.errors import WriterError
from core.infrastructure.settings import Settings
from core.reporting.writers.keys import find_key, require_key, scrubbed
from core.reporting.writers.registry import open_writer
from tests.reporting.writers.endpoints import KEY, Endpoint

NAMED = {
    "openai": "OPENAI_API_KEY",
    "openai-responses": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "google": "GOOGLE_API_KEY",
}


def settings(**values: Any) -> Settings:  # noqa: ANN401
    return Settings(_env_file=None, **values)


@pytest.mark.parametrize("endpoint", NAMED, indirect=True)
def test_missing_key_is_named(endpoint: Endpoint) -> None:
    with pytest.raises(WriterError, match=NAMED[endpoint.name]):
        open_writer(endpoint.model(), settings())
    with pytest.raises(WriterError, match=NAMED[endpoint.name]):
        open_writer(endpoint.model(), settings(**{NAMED[endpoint.name].lower(): "  "}))


@pytest.mark.parametrize("endpoint", ["openai-compatible"], indirect=True)
def test_own_server_needs_no_key_but_an_address(endpoint: Endpoint) -> None:
    assert require_key(endpoint.model(), settings()).get_secret_value()
    with pytest.raises(WriterError, match="OPENAI_COMPATIBLE_URL"):
        open_writer(endpoint.model(), settings())


@pytest.mark.parametrize("endpoint", ["google"], indirect=True)
def test_both_names_of_googles_key(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", KEY + "\n")

    assert find_key(endpoint.model(), settings()) == SecretStr(KEY)


def test_key_is_read_from_the_environment_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(f"ANTHROPIC_API_KEY={KEY}\n")

    read = Settings(_env_file=file)
    assert read.anthropic_api_key == SecretStr(KEY)
    assert KEY not in f"{read!r} {read} {read.model_dump()} {read.model_dump_json()}"


def test_every_key_is_blotted_out() -> None:
    held = settings(openai_api_key=KEY, gemini_api_key="other-key", openai_compatible_api_key="own")

    assert scrubbed(f"{KEY} other-key own", held) == "[key] [key] [key]"


def test_streamlits_secrets_are_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(f'OPENAI_API_KEY = "{KEY}"\n')
    program = (
        "from streamlit.web.bootstrap import prepare_streamlit_environment as prepare\n"
        "prepare('app.py')\n"
        "from core.infrastructure.settings import settings\n"
        "print(settings().openai_api_key.get_secret_value())\n"
    )
    repository = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(repository)},
    )

    assert done.stdout.strip() == KEY, done.stderr
