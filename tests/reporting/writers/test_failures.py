"""What providers say in their own ways, told apart."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from google.genai.errors import ClientError
from openai import RateLimitError

from core.reporting.writers.failures import Kind, failure_of


def gemini(status: int, error: dict[str, Any]) -> ClientError:
    response = httpx.Response(status, json={"error": error})
    return ClientError(status, {"error": error}, response)


def test_gemini_says_in_the_body_how_long_to_wait() -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
    failure = failure_of(gemini(429, {"message": "Slow down.", "details": [info]}))

    assert (failure.kind, failure.retry_after_s, failure.words) == (Kind.BUSY, 34.5, "Slow down.")


def test_gemini_answers_400_to_a_wrong_key() -> None:
    details = [{"reason": "API_KEY_INVALID"}]
    failure = failure_of(gemini(400, {"message": "API key not valid.", "details": details}))

    assert failure.kind is Kind.KEY


def test_openai_answers_429_to_an_empty_purse() -> None:
    import httpx2

    response = httpx2.Response(429, request=httpx2.Request("POST", "http://127.0.0.1"))
    body = {"message": "You exceeded your current quota.", "code": "insufficient_quota"}
    failure = failure_of(RateLimitError("quota", response=response, body=body))

    assert failure.kind is Kind.QUOTA
    assert not failure.is_passing


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after-ms": "2500"}, 2.5),
        ({"retry-after-ms": "40.5", "retry-after": "7"}, 0.0405),
        ({"retry-after-ms": "soon", "retry-after": " 7 "}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00"}, 0),
    ],
)
def test_wait_is_kept_as_exactly_as_the_server_names_it(
    headers: dict[str, str], seconds: float
) -> None:
    error = gemini(429, {"message": "Slow down."})
    error.response.headers.update(headers)

    assert failure_of(error).retry_after_s == pytest.approx(seconds)


@pytest.mark.parametrize("asked", ["soon", "-1", "1" * 400, "Wed, 99 Nov 2026 25:00:00 GMT"])
def test_wait_that_makes_no_sense_is_not_kept(asked: str) -> None:
    error = gemini(429, {"message": "Slow down."})
    error.response.headers["retry-after"] = asked

    assert failure_of(error).retry_after_s is None


def test_page_of_html_is_cut_short() -> None:
    failure = failure_of(gemini(404, {"message": "<html>\n" + "x" * 5000}))

    assert len(failure.words) < 400
    assert "\n" not in failure.words


def test_surprise_is_not_readable() -> None:
    failure = failure_of(AttributeError("'str' object has no attribute 'choices'"))

    assert failure.kind is Kind.UNREADABLE
    assert not failure.is_passing
