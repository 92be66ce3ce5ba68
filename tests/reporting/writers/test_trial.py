"""One tiny question over the providers' own SDKs, to servers on loopback."""

from __future__ import annotations

import json
from collections.abc import Generator

import pytest

from core.domain.errors import WriterError
from core.infrastructure.settings import Settings
from core.reporting.catalogue import find_model
from core.reporting.writers.trial import try_writer
from tests.reporting.writers.endpoints import KEY, KINDS, Endpoint
from tests.reporting.writers.wire.server import INPUT_TOKENS, OUTPUT_TOKENS, LoopbackServer, Reply


@pytest.fixture(params=KINDS)
def endpoint(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Generator[Endpoint]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    server = LoopbackServer(KINDS[request.param].wire())
    yield Endpoint(request.param, server)
    server.close()


def test_an_answer_with_its_tokens_time_and_cost(endpoint: Endpoint) -> None:
    endpoint.server.replies = [Reply(json.dumps({"word": "ready"}))]
    model = endpoint.model(price_input=2.0, price_output=8.0)

    trial = try_writer(model, endpoint.settings())

    assert trial.text == '{"word": "ready"}'
    assert trial.is_as_asked
    assert (trial.input_tokens, trial.output_tokens) == (INPUT_TOKENS, OUTPUT_TOKENS)
    assert trial.cost_usd == pytest.approx((INPUT_TOKENS * 2 + OUTPUT_TOKENS * 8) / 1e6)
    assert 0 < trial.seconds < 20
    (seen,) = endpoint.server.requests
    assert seen.key == KEY
    assert seen.pictures == []


@pytest.mark.parametrize("nonsense", ["potato potato", '{"word": "potato"}', "ready"])
def test_nonsense_is_an_answer_but_not_what_was_asked(endpoint: Endpoint, nonsense: str) -> None:
    endpoint.server.replies = [Reply(nonsense)]

    trial = try_writer(endpoint.model(), endpoint.settings())

    assert (trial.text, trial.is_as_asked) == (nonsense, False)


def test_a_refused_key_is_a_sentence_without_the_key(endpoint: Endpoint) -> None:
    endpoint.server.replies = [Reply(status=401)]

    with pytest.raises(WriterError) as caught:
        try_writer(endpoint.model(), endpoint.settings())

    assert "key" in str(caught.value)
    assert KEY not in str(caught.value)


def test_the_offline_composer_answers_anywhere() -> None:
    trial = try_writer(find_model("offline"), Settings(_env_file=None))

    assert "Trial/part" in trial.text
    assert (trial.input_tokens, trial.output_tokens, trial.attempts) == (0, 0, 1)


def test_a_missing_key_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(WriterError, match="OPENAI_API_KEY"):
        try_writer(find_model("gpt-4o"), Settings(_env_file=None))
