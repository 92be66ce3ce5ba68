"""What went wrong with a request to a model, and the sentence that tells an operator what to do.

The SDKs wrap each other's errors; what they have in common is the chain of causes, which holds the
HTTP response, or the error of httpx (google-genai) or httpx2 (openai, anthropic), or of the system.
"""

from __future__ import annotations

import math
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.writers.keys import key_variables

# How much of a server's own message is quoted; it may be a whole page of HTML.
QUOTED_LETTERS = 300


class Kind(StrEnum):
    """What went wrong."""

    KEY = "key refused"
    FORBIDDEN = "not allowed"
    UNKNOWN = "unknown model"
    REQUEST = "request not taken"
    QUOTA = "quota used up"
    BUSY = "too many requests"
    SERVER = "server failed"
    NO_NAME = "server not found"
    NO_SERVER = "no connection"
    CUT = "cut off"
    UNREADABLE = "not readable"


PASSING = {Kind.BUSY, Kind.SERVER, Kind.NO_NAME, Kind.NO_SERVER, Kind.CUT}


@dataclass(frozen=True)
class Failure:
    """One failed request.

    Attributes:
        status: of HTTP; None when no response came.
        words: the server's own, one line; may hold the key that it was sent.
        retry_after_s: how long the server asks to wait, in seconds; None when it does not say.
    """

    kind: Kind
    status: int | None = None
    words: str = ""
    retry_after_s: float | None = None

    @property
    def is_passing(self) -> bool:
        """Tell whether the same request may succeed a little later."""
        return self.kind in PASSING


def failure_of(error: Exception) -> Failure:
    """Read what an SDK's error says."""
    chain = tuple(_chain(error))
    for link in chain:
        response = getattr(link, "response", None)
        status = getattr(response, "status_code", None)
        if isinstance(status, int):
            return _answered(link, response, status)
    broken = _broken_connection(chain)
    if broken is not None:
        return broken
    if any(type(link).__name__ == "APIError" for link in chain):
        # An error that came as a piece of the stream, after a response that began well.
        return Failure(Kind.SERVER, words=_one_line(str(error)))
    return Failure(Kind.UNREADABLE, words=_one_line(f"{type(error).__name__}: {error}"))


def sentence(failure: Failure, model: Model, base_url: str, attempts: int) -> str:
    """Say what happened and what to do; may still hold a key that the server repeated."""
    variable = " or ".join(key_variables(model))
    server = _server(model, base_url)
    status = "" if failure.status in {None, 200} else f" ({failure.status})"
    said = f" It says: {failure.words}" if failure.words else ""
    tries = f" {attempts} times" if attempts > 1 else ""
    match failure.kind:
        case Kind.KEY:
            return (
                f"{server} refused the key for {model.title}{status}: correct {variable} and "
                f"start again, or choose another writer.{said}"
            )
        case Kind.FORBIDDEN:
            return (
                f"{server} does not let this key use {model.title}{status}: ask for access, or "
                f"choose another writer.{said}"
            )
        case Kind.UNKNOWN:
            return (
                f"{server} knows no model {_name(model)}{status}: correct the model's name or the "
                f"server's address, or choose another writer.{said}"
            )
        case Kind.REQUEST:
            return (
                f"{server} did not take the request for {model.title}{status}: choose another "
                f"writer.{said}"
            )
        case Kind.QUOTA:
            return (
                f"The quota for {model.title} is used up{status}: look at the plan and the bill "
                f"of the key in {variable}, or choose another writer.{said}"
            )
        case Kind.BUSY:
            wait = (
                "in a minute"
                if failure.retry_after_s is None
                else f"in {math.ceil(failure.retry_after_s)} s"
            )
            return (
                f"{server} asked to send fewer requests to {model.title}{status}{tries}: write "
                f"again {wait}, or choose another writer.{said}"
            )
        case Kind.SERVER:
            return (
                f"{server} failed{tries} while {model.title} was asked{status}: write again "
                f"later, or choose another writer.{said}"
            )
        case Kind.NO_NAME:
            return (
                f"{server} was not found: check this machine's network and the address, or choose "
                f"a writer that runs on this machine.{said}"
            )
        case Kind.NO_SERVER:
            return (
                f"{server} could not be reached: check that it runs and that this machine's "
                f"network lets it through, or choose a writer that runs on this machine.{said}"
            )
        case Kind.CUT:
            return (
                f"{server} cut the connection before the answer of {model.title} was whole: write "
                "again, or choose another writer."
            )
        case Kind.UNREADABLE:
            return (
                f"What {server} answered for {model.title} could not be read: check that its "
                f"address speaks the provider's protocol, or choose another writer.{said}"
            )


def too_slow(model: Model, settings: Settings) -> str:
    """Say that the time limit of an answer passed."""
    return (
        f"{model.title} gave no whole answer within {settings.llm_timeout_s:g} s: write again, "
        "raise LLM_TIMEOUT_S, or choose a faster writer."
    )


def stalled(model: Model, settings: Settings) -> str:
    """Say that the time limit of a silence passed."""
    return (
        f"{model.title} fell silent for {settings.llm_stall_s:g} s in the middle of its answer: "
        "write again, raise LLM_STALL_S, or choose another writer."
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _answered(error: BaseException, response: Any, status: int) -> Failure:  # noqa: ANN401
    """Read a failure that the server reported, by status or inside a stream that began well."""
    body = getattr(error, "details", None) or getattr(error, "body", None)
    code = getattr(error, "code", None)
    if status == 200 and isinstance(code, int):
        status = code
    return Failure(
        kind=_kind(status, str(body)),
        status=status,
        words=_one_line(_message(body) or str(error)),
        retry_after_s=_retry_after(response.headers, str(body)),
    )


def _kind(status: int, body: str) -> Kind:
    if status == 401 or "API_KEY_INVALID" in body:  # Gemini answers 400 to a wrong key
        return Kind.KEY
    if status == 403:
        return Kind.FORBIDDEN
    if status == 404:
        return Kind.UNKNOWN
    if status == 429:
        return Kind.QUOTA if "insufficient_quota" in body else Kind.BUSY
    # 200: an error event in a stream; providers send those when they break down or are overloaded.
    if status == 200 or status == 408 or status >= 500:
        return Kind.SERVER
    return Kind.REQUEST


def _broken_connection(chain: tuple[BaseException, ...]) -> Failure | None:
    """Recognise a failure of the connection itself; None where it is another."""
    import httpx
    import httpx2

    words = _one_line(str(chain[-1]) or type(chain[-1]).__name__)
    if any(isinstance(link, socket.gaierror) for link in chain):
        return Failure(Kind.NO_NAME, words=words)
    if any(isinstance(link, httpx.ConnectError | httpx2.ConnectError) for link in chain):
        return Failure(Kind.NO_SERVER, words=words)
    if any(isinstance(link, httpx.TransportError | httpx2.TransportError) for link in chain):
        return Failure(Kind.CUT, words=words)
    return None


def _message(body: Any) -> str:  # noqa: ANN401
    """Read a provider's error body: {"error": {"message": ...}} or {"message": ...}."""
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return body if isinstance(body, str) else ""
    inner = body.get("error", body)
    message = inner.get("message", "") if isinstance(inner, dict) else inner
    return message if isinstance(message, str) else ""


def _retry_after(headers: Any, body: str) -> float | None:  # noqa: ANN401
    """Read the seconds to wait: Retry-After-Ms, Retry-After in seconds or as a date, RetryInfo."""
    exact = _number(headers.get("retry-after-ms", ""))
    if exact is not None:
        return exact / 1000
    asked = headers.get("retry-after", "").strip()
    seconds = _number(asked)
    if seconds is not None:
        return seconds
    with suppress(ValueError, OverflowError):
        until = parsedate_to_datetime(asked)
        # A date of HTTP is in GMT, also where it does not say so.
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        return max(0.0, until.timestamp() - time.time())
    found = re.search(r"retryDelay['\"]?\s*:\s*['\"](\d+(?:\.\d+)?)s['\"]", body)
    return float(found[1]) if found else None


def _number(text: str) -> float | None:
    """Read a plain decimal number of seconds or milliseconds; None: it is something else."""
    return float(text) if re.fullmatch(r"\s*\d{1,12}(\.\d+)?\s*", text, re.ASCII) else None


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTED_LETTERS else line[:QUOTED_LETTERS] + " ..."


def _server(model: Model, base_url: str) -> str:
    """Name who was asked: the host, without what else an address may hold, such as a password."""
    if not base_url:
        return f"The provider of {model.family}"
    parts = urlsplit(base_url)
    return f"The server at {parts.hostname}" + (f":{parts.port}" if parts.port else "")


def _name(model: Model) -> str:
    return "OPENAI_COMPATIBLE_MODEL" if model.is_own_server else repr(model.model)
