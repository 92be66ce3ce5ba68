"""An endpoint for each way to a model; none of this machine's own settings reach it."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.reporting.writers.endpoints import KINDS, Endpoint
from tests.reporting.writers.wire.server import LoopbackServer


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, address or proxy of whoever runs the tests."""
    providers = ("OPENAI", "ANTHROPIC", "GOOGLE", "GEMINI")
    for name in [f"{provider}_API_KEY" for provider in providers]:
        monkeypatch.delenv(name, raising=False)
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("GOOGLE_GEMINI_BASE_URL", "OPENAI_COMPATIBLE_URL", "OPENAI_COMPATIBLE_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("OPENAI_COMPATIBLE_API_KEY", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture(params=KINDS)
def endpoint(request: pytest.FixtureRequest) -> Generator[Endpoint]:
    """A writer's settings and the server that it asks, once for each way to a model."""
    name: str = request.param
    server = LoopbackServer(KINDS[name].wire())
    yield Endpoint(name, server)
    server.close()
