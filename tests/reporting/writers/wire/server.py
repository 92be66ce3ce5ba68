"""A server on loopback that speaks a provider's wire format, and misbehaves as it is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Protocol

INPUT_TOKENS = 111
OUTPUT_TOKENS = 22
# Streams are sent in slices of this many bytes, so that Hangul is cut in the middle of a letter.
SLICE = 7

Then = Literal["", "cut", "end", "stall", "ping", "error", "silence"]


@dataclass(frozen=True)
class Reply:
    """What the server does with one request.

    Attributes:
        refusal: the model's words where it would not answer.
        message: the words of an error; goes with a status of 400 or more.
        then: what happens after half of a stream: "cut" breaks the connection, "end" ends the
            response in good order, "stall" sends nothing more, "ping" signs of life only,
            "error" tells of a breakdown; "silence" sends nothing from the start.
    """

    text: str = ""
    finish: Literal["stop", "length", "refusal"] = "stop"
    refusal: str = ""
    status: int = 200
    message: str = "it broke"
    headers: Mapping[str, str] = field(default_factory=dict)
    then: Then = ""

    def pieces(self, size: int = 9) -> list[str]:
        return [self.text[start : start + size] for start in range(0, len(self.text), size)]


@dataclass(frozen=True)
class Seen:
    """What arrived, in the same words for every provider."""

    at: float
    model: str
    key: str
    streams: bool
    max_tokens: int
    system: str
    texts: list[str]
    roles: list[str]
    pictures: list[str]
    schema: dict[str, Any] | None
    body: dict[str, Any]


class Wire(Protocol):
    """One provider's format."""

    def is_known(self, path: str) -> bool: ...

    def seen(self, path: str, headers: Mapping[str, str], body: dict[str, Any]) -> Seen: ...

    def events(self, reply: Reply) -> list[bytes]: ...

    def whole(self, reply: Reply) -> dict[str, Any]: ...

    def error(self, reply: Reply) -> dict[str, Any]: ...

    def error_event(self, reply: Reply) -> bytes: ...

    def ping(self) -> bytes: ...


def sse(data: Mapping[str, Any] | str, event: str = "") -> bytes:
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    return (f"event: {event}\n" if event else "").encode() + f"data: {text}\n\n".encode()


def blocks_of(content: str | list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """A message's content blocks; a bare string is one of the kind given."""
    return content if isinstance(content, list) else [{"type": kind, "text": content}]


class LoopbackServer:
    """Answers the requests with the replies in turn; the last reply stays."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.replies: list[Reply] = []
        self.requests: list[Seen] = []
        self.strangers: list[str] = []
        self.released = threading.Event()
        self._lock = threading.Lock()
        outer = self

        class Handler(_Handler):
            server_of = outer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def take(self, seen: Seen) -> Reply:
        with self._lock:
            self.requests.append(seen)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of: LoopbackServer

    def do_POST(self) -> None:
        server = self.server_of
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if not server.wire.is_known(self.path):
            server.strangers.append(self.path)
            self._send(404, {"error": {"message": f"no such path {self.path}"}}, {})
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = server.wire.seen(self.path, headers, body)
        reply = server.take(seen)
        if reply.then == "silence":
            server.released.wait()
        elif reply.status != 200:
            self._send(reply.status, server.wire.error(reply), reply.headers)
        elif seen.streams:
            self._stream(reply)
        else:
            self._send(200, server.wire.whole(reply), reply.headers)

    def _send(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        data = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, reply: Reply) -> None:
        server = self.server_of
        events = server.wire.events(reply)
        if reply.then:
            events = events[: len(events) // 2]
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        self._chunks(b"".join(events))
        if reply.then == "error":
            self._chunks(server.wire.error_event(reply))
        while reply.then == "ping" and not server.released.wait(0.05):
            try:
                self._chunks(server.wire.ping())
            except OSError:
                return
        if reply.then == "stall":
            server.released.wait()
        if reply.then in {"stall", "ping", "cut"}:
            self.close_connection = True
            return
        self.wfile.write(b"0\r\n\r\n")

    def _chunks(self, data: bytes) -> None:
        for start in range(0, len(data), SLICE):
            part = data[start : start + SLICE]
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests read what arrived."""


def now() -> float:
    return time.monotonic()
