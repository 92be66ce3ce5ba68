"""The Models page as a script: catalogue, trial of a writer, local model, costs and wins."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import core.workbench
from core.domain import RevisionKind
from core.reporting.catalogue import catalogue
from core.settings import Settings
from core.workbench import Workbench
from tests.records import examples
from tests.reporting.writers.wire.openai_chat import OpenAIChat
from tests.reporting.writers.wire.server import INPUT_TOKENS, OUTPUT_TOKENS, LoopbackServer, Reply

PAGE = Path(__file__).parents[2] / "pages" / "models.py"
KEY = "sk-test-0123456789"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Generator[LoopbackServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    loopback = LoopbackServer(OpenAIChat())
    yield loopback
    loopback.close()


@pytest.fixture
def bench(
    station: Settings, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> Generator[Workbench]:
    values: dict[str, Any] = dict(station) | {
        "openai_base_url": f"{server.url}/v1",
        "openai_api_key": KEY,
        "llm_retries": 0,
    }
    with Workbench(Settings(**values)) as workbench:
        monkeypatch.setattr(core.workbench, "_shared", workbench)
        yield workbench


def page(**query: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    kinds = (app.markdown, app.caption, app.info, app.error, app.success, app.warning, app.text)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


@pytest.mark.usefixtures("bench")
def test_those_that_can_run_come_first() -> None:
    table = page().dataframe[0].value

    ready = list(table["Ready"])
    assert len(table) == len(catalogue())
    assert ready == sorted(ready, key=lambda mark: mark != "✓")
    assert all(bool(row["Missing"]) == (row["Ready"] == "–") for _, row in table.iterrows())
    assert set(page(words="claude OPUS").dataframe[0].value["Family"]) == {"Claude"}


@pytest.mark.usefixtures("bench")
def test_a_key_that_works(server: LoopbackServer) -> None:
    server.replies = [Reply(json.dumps({"word": "ready"}))]
    app = page(writer="gpt-4o-mini")

    press(app, "Test it")

    assert "It answers." in words(app)
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Tokens, in + out"] == f"{INPUT_TOKENS} + {OUTPUT_TOKENS}"
    assert figures["Cost"].endswith(" USD")


@pytest.mark.usefixtures("bench")
def test_a_key_that_is_refused_is_a_sentence(server: LoopbackServer) -> None:
    server.replies = [Reply(status=401)]
    app = page(writer="gpt-4o-mini")

    press(app, "Test it")

    assert "key" in app.error[0].value
    assert KEY not in words(app)


@pytest.mark.usefixtures("bench")
def test_what_a_writer_lacks_is_said() -> None:
    app = page(writer="claude-opus-5-5")

    assert "API key \\(ANTHROPIC\\_API\\_KEY\\)" in app.warning[0].value
    assert next(button for button in app.button if button.label == "Test it").disabled


@pytest.mark.usefixtures("bench")
def test_an_unknown_writer_is_said() -> None:
    assert "There is no such writer" in words(page(writer="gpt-9"))


def test_costs_are_summed_by_writer(bench: Workbench) -> None:
    assert "No model has written a report yet" in words(page())
    inspection = examples.inspection()
    bench.records.save_inspection(inspection)
    for _ in range(2):
        bench.records.add_revision(
            inspection.id,
            examples.report(),
            RevisionKind.DRAFTED,
            "gpt-4o",
            writing=examples.writing(),
        )

    app = page()

    (costs,) = [frame.value for frame in app.dataframe if "Drafts" in frame.value]
    assert list(costs["Writer"]) == ["gpt-4o"]
    assert list(costs["Drafts"]) == [2]
    assert list(costs["USD"]) == [2 * 0.0115]


@pytest.mark.usefixtures("bench")
def test_nothing_is_in_memory_at_first() -> None:
    app = page()

    figures = {metric.label: metric.value for metric in app.metric}
    assert (figures["Holds"], figures["Waiting"], figures["State"]) == ("none", "0", "idle")
    assert next(button for button in app.button if button.label == "Release").disabled
