"""What went wrong with a request to a model, told apart the same way for every provider's SDK.

The SDKs wrap each other's errors; what they have in common is the chain of causes, which holds the
HTTP response, or the error of httpx (google-genai) or httpx2 (openai, anthropic), or of the system.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

# Of a server's own words; they may be a whole page of HTML.
QUOTED = 300


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
        """Whether the same request may succeed a little later."""
        return self.kind in PASSING


def failure_of(error: Exception) -> Failure:
    """What an SDK's error says."""
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


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _answered(error: BaseException, response: Any, status: int) -> Failure:  # noqa: ANN401
    """A failure that the server told, by its status or inside of a stream that began well."""
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
    """A failure of the connection itself; None where it is none."""
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
    """The message in a provider's error body: {"error": {"message": ...}} or {"message": ...}."""
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return body if isinstance(body, str) else ""
    inner = body.get("error", body)
    message = inner.get("message", "") if isinstance(inner, dict) else inner
    return message if isinstance(message, str) else ""


def _retry_after(headers: Any, body: str) -> float | None:  # noqa: ANN401
    """Seconds to wait: Retry-After in seconds or as a date, or Gemini's RetryInfo in the body."""
    asked = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", asked):
        return float(asked)
    if asked:
        try:
            return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
        except ValueError:
            return None
    found = re.search(r"retryDelay['\"]?\s*:\s*['\"](\d+(?:\.\d+)?)s['\"]", body)
    return float(found[1]) if found else None


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= QUOTED else line[:QUOTED] + " ..."
