"""The providers' own SDKs against servers on loopback that speak their wire formats."""

from __future__ import annotations

import base64
import json
import logging
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from core.domain import Language
from core.domain.errors import WriterError
from core.reporting.writers.contract import Answer, Turn
from tests.reporting.writers.endpoints import KEY, SCHEMA, Endpoint, question
from tests.reporting.writers.wire.server import INPUT_TOKENS, OUTPUT_TOKENS, Reply, Then

TEXT = json.dumps({"summary": "A crack crosses the cell.", "findings": [], "confidence": "low"})
KOREAN = '{"summary": "셀을 가로지르는 균열이 있습니다.", "confidence": "low"}'


def ask(endpoint: Endpoint, *replies: Reply, **changes: float) -> tuple[Answer, list[str]]:
    endpoint.server.replies = list(replies)
    pieces: list[str] = []
    answer = endpoint.writer(**changes).answer(question(), pieces.append)
    assert endpoint.server.strangers == []
    return answer, pieces


def refused(endpoint: Endpoint, *replies: Reply, **changes: float) -> str:
    with pytest.raises(WriterError) as caught:
        ask(endpoint, *replies, **changes)
    assert KEY not in str(caught.value)
    return str(caught.value)


def test_good_answer_streams(endpoint: Endpoint) -> None:
    answer, pieces = ask(endpoint, Reply(TEXT))

    assert answer == Answer(TEXT, "stop", INPUT_TOKENS, OUTPUT_TOKENS, attempts=1)
    assert "".join(pieces) == TEXT
    assert len(pieces) > 3


def test_request_carries_all_of_the_question(endpoint: Endpoint) -> None:
    endpoint.server.replies = [Reply(TEXT)]
    asked = question(
        turns=(Turn("user", "Write."), Turn("assistant", "{broken"), Turn("user", "Repair it."))
    )
    endpoint.writer().answer(asked)

    (seen,) = endpoint.server.requests
    assert seen.model == (endpoint.model().model or "our-model")
    assert seen.key == KEY
    assert seen.streams
    assert seen.max_tokens >= asked.max_tokens
    assert seen.system == asked.system
    assert seen.roles == ["user", "assistant", "user"]
    assert seen.texts == [
        "Picture: query",
        "Picture: overlay",
        "Write.",
        "{broken",
        "Repair it.",
    ]
    assert [base64.b64decode(data) for data in seen.pictures] == [
        picture.png for picture in asked.pictures
    ]
    assert seen.schema is not None
    assert seen.schema["properties"].keys() == SCHEMA["properties"].keys()
    assert "maxLength" not in seen.schema["properties"]["summary"]
    assert "400" in seen.schema["properties"]["summary"]["description"]


@pytest.mark.parametrize(
    ("endpoint", "sent"),
    [("openai", 900), ("openai-compatible", 900), ("openai-responses", 9092), ("google", 9092)],
    indirect=["endpoint"],
)
def test_models_that_think_have_room_to(endpoint: Endpoint, sent: int) -> None:
    endpoint.server.replies = [Reply(TEXT)]
    endpoint.writer().answer(question(max_tokens=900))
    endpoint.writer({"max_output": 1000}).answer(question(max_tokens=900))

    assert [seen.max_tokens for seen in endpoint.server.requests] == [sent, min(sent, 1000)]


def test_model_without_native_schema_is_asked_in_words_only(endpoint: Endpoint) -> None:
    endpoint.server.replies = [Reply(TEXT)]
    answer = endpoint.writer({"schema_native": False}).answer(question())

    assert answer.text == TEXT
    assert endpoint.server.requests[0].schema is None


def test_model_that_does_not_stream(endpoint: Endpoint) -> None:
    endpoint.server.replies = [Reply(TEXT)]
    pieces: list[str] = []
    answer = endpoint.writer({"streaming": False}).answer(question(), pieces.append)

    assert not endpoint.server.requests[0].streams
    assert answer == Answer(TEXT, "stop", INPUT_TOKENS, OUTPUT_TOKENS, attempts=1)
    assert pieces == [TEXT]


@pytest.mark.parametrize(
    "text",
    [f"```json\n{TEXT}\n```", '{"quality": 5}', KOREAN],
    ids=["fenced", "wrong schema", "Korean"],
)
def test_text_comes_through_as_it_is(endpoint: Endpoint, text: str) -> None:
    answer, pieces = ask(endpoint, Reply(text))

    assert (answer.text, answer.finish) == (text, "stop")
    assert "".join(pieces) == text


@pytest.mark.parametrize("streaming", [True, False])
def test_truncated_answer_says_so(endpoint: Endpoint, streaming: bool) -> None:
    endpoint.server.replies = [Reply(TEXT[:40], finish="length")]
    answer = endpoint.writer({"streaming": streaming}).answer(question())

    assert (answer.text, answer.finish) == (TEXT[:40], "length")


@pytest.mark.parametrize("streaming", [True, False])
def test_refusal_says_so(endpoint: Endpoint, streaming: bool) -> None:
    words = "I cannot help with that." if endpoint.name.startswith("openai") else ""
    endpoint.server.replies = [Reply(finish="refusal", refusal=words)]
    pieces: list[str] = []
    answer = endpoint.writer({"streaming": streaming}).answer(question(), pieces.append)

    assert (answer.text, answer.finish) == (words, "refusal")
    assert "".join(pieces) == words


def test_empty_answer_is_an_answer(endpoint: Endpoint) -> None:
    answer, pieces = ask(endpoint, Reply(""))

    assert (answer.text, answer.finish, pieces) == ("", "stop", [])


@pytest.mark.parametrize(
    ("status", "words"),
    [(400, "did not take"), (401, "refused the key"), (403, "does not let"), (404, "no model")],
)
def test_lasting_failures_are_not_tried_again(endpoint: Endpoint, status: int, words: str) -> None:
    told = refused(endpoint, Reply(status=status, message=f"The key {KEY} is wrong."))

    assert words in told
    assert f"({status})" in told
    assert "[key] is wrong" in told
    assert len(endpoint.server.requests) == 1


def test_waits_as_long_as_it_is_asked_to(endpoint: Endpoint) -> None:
    answer, _ = ask(endpoint, Reply(status=429, headers={"retry-after": "1"}), Reply(TEXT))

    first, second = endpoint.server.requests
    assert second.at - first.at >= 1
    assert (answer.text, answer.attempts) == (TEXT, 2)


@pytest.mark.parametrize("endpoint", ["openai"], indirect=True)
def test_waits_until_the_date_that_it_is_told(endpoint: Endpoint) -> None:
    started = time.monotonic()
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    answer, _ = ask(endpoint, Reply(status=503, headers={"retry-after": date}), Reply(TEXT))

    # The date has whole seconds. A busy machine asks for the first time late.
    assert endpoint.server.requests[1].at - started >= 0.9
    assert answer.attempts == 2


def test_too_many_requests_for_ever(endpoint: Endpoint) -> None:
    told = refused(endpoint, Reply(status=429, headers={"retry-after": "0"}))

    assert "fewer requests" in told
    assert "2 times" in told
    assert len(endpoint.server.requests) == 2


def test_wait_beyond_the_limit_is_told_at_once(endpoint: Endpoint) -> None:
    began = time.monotonic()
    told = refused(endpoint, Reply(status=429, headers={"retry-after": "90"}))

    assert "write again in 90 s" in told
    assert len(endpoint.server.requests) == 1
    assert time.monotonic() - began < 5


def test_server_failure_passes(endpoint: Endpoint) -> None:
    answer, pieces = ask(endpoint, Reply(status=500), Reply(TEXT))

    assert (answer.text, answer.attempts) == (TEXT, 2)
    assert "".join(pieces) == TEXT


def test_server_failure_for_ever(endpoint: Endpoint) -> None:
    told = refused(endpoint, Reply(status=500, message="<b>oops</b>"))

    assert "failed 2 times" in told
    assert "(500)" in told
    assert "<b>oops</b>" in told


@pytest.mark.parametrize(
    ("then", "limits", "words"),
    [
        ("stall", {"llm_stall_s": 0.4}, "fell silent for 0.4 s"),
        ("stall", {"llm_timeout_s": 0.8}, "within 0.8 s"),
        ("ping", {"llm_timeout_s": 0.8}, "within 0.8 s"),
        ("silence", {"llm_timeout_s": 0.8, "llm_stall_s": 0.2}, "within 0.8 s"),
    ],
)
def test_slow_server_meets_a_limit(
    endpoint: Endpoint, then: Then, limits: dict[str, float], words: str
) -> None:
    writer = endpoint.writer(**limits)
    endpoint.server.replies = [Reply(TEXT, then=then)]
    began = time.monotonic()
    with pytest.raises(WriterError, match=words):
        writer.answer(question())

    assert time.monotonic() - began < 3
    assert len(endpoint.server.requests) == 1


@pytest.mark.parametrize("then", ["cut", "end"])
def test_cut_stream_is_no_answer(endpoint: Endpoint, then: Then) -> None:
    told = refused(endpoint, Reply(TEXT, then=then))

    assert "cut the connection before" in told
    assert len(endpoint.server.requests) == 1  # text was passed on already


def test_breakdown_in_the_stream_is_no_answer(endpoint: Endpoint) -> None:
    told = refused(endpoint, Reply(TEXT, then="error", message=f"overloaded, {KEY}"))

    assert "overloaded, [key]" in told


def test_answers_the_language_asked_for_or_not(endpoint: Endpoint) -> None:
    endpoint.server.replies = [Reply(KOREAN)]
    answer = endpoint.writer().answer(question(Language.GERMAN))

    assert answer.text == KOREAN


def test_no_server_at_the_address(endpoint: Endpoint) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(WriterError, match="could not be reached"):
        endpoint.writer(**{endpoint.address: url}).answer(question())


def test_no_such_host(endpoint: Endpoint) -> None:
    url = "http://user:pass@nowhere.invalid/v1"
    with pytest.raises(WriterError, match=r"at nowhere\.invalid was not found"):
        endpoint.writer(**{endpoint.address: url}).answer(question())


def test_key_is_nowhere_to_be_seen(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    writer = endpoint.writer()
    endpoint.server.replies = [
        Reply(status=500, message=f"I saw {KEY}"),
        Reply(status=401, message=f"I saw {KEY}"),
    ]
    with pytest.raises(WriterError) as caught:
        writer.answer(question())

    assert len(endpoint.server.requests) == 2
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert KEY not in f"{caught.value!r} {writer!r} {vars(writer)!r} {endpoint.settings()!r}"
    ours = [line for line in caplog.records if line.name.startswith("core.")]
    assert ours
    assert KEY not in "".join(line.getMessage() for line in ours)


def test_what_the_reader_raises_is_its_own(endpoint: Endpoint) -> None:
    endpoint.server.replies = [Reply(TEXT)]

    def stop(_text: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        endpoint.writer().answer(question(), stop)
    assert len(endpoint.server.requests) == 1
