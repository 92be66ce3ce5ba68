"""The Models page as a script: catalogue, trial of a writer, local model, costs and wins."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator
from typing import Any

import pytest

from core.domain import Language, RevisionKind
from core.infrastructure.settings import Settings
from core.records.inspections import save_inspection
from core.records.revisions import add_revision
from core.reporting.catalogue import catalogue
from core.reporting.lacks import Lack, LackKind
from core.services.station import Station
from pages.parts.writer_words import licence_text, writer_title
from pages.texts.labels import lack_label
from tests.pages.app import page, press, words
from tests.records import examples
from tests.reporting.writers.wire.openai_chat import OpenAIChat
from tests.reporting.writers.wire.server import INPUT_TOKENS, OUTPUT_TOKENS, LoopbackServer, Reply

KEY = "sk-test-0123456789"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Generator[LoopbackServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    loopback = LoopbackServer(OpenAIChat())
    yield loopback
    loopback.close()


@pytest.fixture
def station(
    station_settings: Settings, server: LoopbackServer, console: Callable[[Settings], Station]
) -> Station:
    values: dict[str, Any] = dict(station_settings) | {
        "openai_base_url": f"{server.url}/v1",
        "openai_api_key": KEY,
        "llm_retries": 0,
    }
    return console(Settings(**values))


@pytest.mark.usefixtures("station")
def test_those_that_can_run_come_first() -> None:
    table = page("models").dataframe[0].value

    ready = list(table["Ready"])
    assert len(table) == len(catalogue())
    assert ready == sorted(ready, key=lambda mark: mark != "✓")
    assert all(bool(row["Missing"]) == (row["Ready"] == "–") for _, row in table.iterrows())
    assert set(page("models", words="claude OPUS").dataframe[0].value["Family"]) == {"Claude"}


@pytest.mark.usefixtures("station")
def test_nonsense_is_no_success(server: LoopbackServer) -> None:
    server.replies = [Reply("potato potato")]
    app = page("models", writer="gpt-4o-mini")

    press(app, "Test it")

    assert "Something answers, but not with what was asked for" in words(app)
    assert "It answers" not in words(app)


@pytest.mark.usefixtures("station")
def test_a_key_that_works(server: LoopbackServer) -> None:
    server.replies = [Reply(json.dumps({"word": "ready"}))]
    app = page("models", writer="gpt-4o-mini")

    press(app, "Test it")

    assert "It answers, and as asked." in words(app)
    figures = {metric.label: metric.value for metric in app.metric}
    assert figures["Tokens, in + out"] == f"{INPUT_TOKENS} + {OUTPUT_TOKENS}"
    assert figures["Cost"].endswith(" USD")


@pytest.mark.usefixtures("station")
def test_a_key_that_is_refused_is_a_sentence(server: LoopbackServer) -> None:
    server.replies = [Reply(status=401)]
    app = page("models", writer="gpt-4o-mini")

    press(app, "Test it")

    assert "key" in app.error[0].value
    assert KEY not in words(app)


@pytest.mark.usefixtures("station")
def test_what_a_writer_lacks_is_said() -> None:
    app = page("models", writer="claude-opus-5-5")

    assert "API key \\(ANTHROPIC\\_API\\_KEY\\)" in app.warning[0].value
    assert next(button for button in app.button if button.label == "Test it").disabled


def test_the_catalogue_speaks_the_consoles_language(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = station.settings.model_copy(update={"console_language": Language.KOREAN})
    monkeypatch.setattr(station, "settings", settings)
    key = Lack(kind=LackKind.KEY, names=("GEMINI_API_KEY", "GOOGLE_API_KEY"))
    memory = Lack(kind=LackKind.MEMORY, needed_gb=18, free_gb=11.52)

    assert lack_label(key) == "API 키(GEMINI_API_KEY / GOOGLE_API_KEY)"
    assert {"18.0", "11.5"} <= set(re.findall(r"[\d.]+\d", lack_label(memory)))
    assert memory.sentence() == "needs about 18 GB of memory, 11.5 GB are free"
    assert writer_title(catalogue()["offline"]) == "오프라인 작성기"
    assert licence_text(catalogue()["offline"]) == "이 프로그램과 같음"


@pytest.mark.usefixtures("station")
def test_an_unknown_writer_is_said() -> None:
    assert "There is no such writer" in words(page("models", writer="gpt-9"))


def test_costs_are_summed_by_writer(station: Station) -> None:
    assert "No model has written a report yet" in words(page("models"))
    inspection = examples.inspection()
    save_inspection(station.records, inspection)
    for _ in range(2):
        add_revision(
            station.records,
            inspection.id,
            examples.report(),
            RevisionKind.DRAFTED,
            "gpt-4o",
            writing=examples.writing(),
        )

    app = page("models")

    (costs,) = [frame.value for frame in app.dataframe if "Drafts" in frame.value]
    assert list(costs["Writer"]) == ["gpt-4o"]
    assert list(costs["Drafts"]) == [2]
    assert list(costs["USD"]) == [2 * 0.0115]


@pytest.mark.usefixtures("station")
def test_nothing_is_in_memory_at_first() -> None:
    app = page("models")

    figures = {metric.label: metric.value for metric in app.metric}
    assert (figures["Holds"], figures["Waiting"], figures["State"]) == ("none", "0", "idle")
    assert next(button for button in app.button if button.label == "Release").disabled
