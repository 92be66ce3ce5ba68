"""Gemini's generateContent and streamGenerateContent (https://ai.google.dev/api)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.reporting.writers.wire.server import INPUT_TOKENS, OUTPUT_TOKENS, Reply, Seen, now, sse

PATH = re.compile(r"/v1beta/models/(?P<model>[^:]+):(?P<how>streamGenerateContent|generateContent)")
FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "refusal": "SAFETY"}
USAGE = {
    "promptTokenCount": INPUT_TOKENS,
    "candidatesTokenCount": OUTPUT_TOKENS,
    "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS,
}
STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED"}


class Gemini:
    def is_known(self, path: str) -> bool:
        return PATH.match(path) is not None

    def seen(self, path: str, headers: Mapping[str, str], body: dict[str, Any]) -> Seen:
        called = PATH.match(path)
        assert called is not None
        asked = body["generationConfig"]
        parts = [part for content in body["contents"] for part in content["parts"]]
        schema = asked.get("responseJsonSchema")
        assert (schema is None) == (asked.get("responseMimeType") is None)
        return Seen(
            at=now(),
            model=called["model"],
            key=headers["x-goog-api-key"],
            streams=called["how"] == "streamGenerateContent" and "alt=sse" in path,
            max_tokens=asked["maxOutputTokens"],
            system=body["systemInstruction"]["parts"][0]["text"],
            texts=[part["text"] for part in parts if "text" in part],
            roles=[
                {"model": "assistant"}.get(content["role"], content["role"])
                for content in body["contents"]
            ],
            pictures=[
                part["inlineData"]["data"]
                for part in parts
                # protobuf's JSON takes both spellings of a name
                if part.get("inlineData", {}).get("mime_type") == "image/png"
            ],
            schema=schema,
            body=body,
        )

    def events(self, reply: Reply) -> list[bytes]:
        # Counts are running totals, as the real service sends them with every piece.
        return [
            *(sse(_response(piece)) for piece in reply.pieces()),
            sse(_response("", FINISH[reply.finish])),
        ]

    def whole(self, reply: Reply) -> dict[str, Any]:
        return _response(reply.text, FINISH[reply.finish])

    def error(self, reply: Reply) -> dict[str, Any]:
        status = STATUS.get(reply.status, "INTERNAL")
        code = reply.status if reply.status != 200 else 503
        return {"error": {"code": code, "message": reply.message, "status": status}}

    def ping(self) -> bytes:
        return b"\n"  # it has none of its own, and its SDK takes no comments

    def error_event(self, reply: Reply) -> bytes:
        return sse(self.error(reply))


def _response(text: str, finish: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0}
    if text or finish == "STOP":
        candidate["content"] = {"role": "model", "parts": [{"text": text}]}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": "gemini-test"}
