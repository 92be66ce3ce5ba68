"""Anthropic's messages (https://docs.anthropic.com/en/api/messages, .../messages-streaming)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.reporting.writers.wire.server import (
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    Reply,
    Seen,
    blocks_of,
    now,
    sse,
)

STOP = {"stop": "end_turn", "length": "max_tokens", "refusal": "refusal"}


class AnthropicMessages:
    def is_known(self, path: str) -> bool:
        return path == "/v1/messages"

    def seen(self, path: str, headers: Mapping[str, str], body: dict[str, Any]) -> Seen:
        blocks = [
            block for message in body["messages"] for block in blocks_of(message["content"], "text")
        ]
        held = body.get("output_config")
        assert held is None or held["format"]["type"] == "json_schema"
        return Seen(
            at=now(),
            model=body["model"],
            key=headers["authorization"].removeprefix("Bearer "),
            streams=body.get("stream", False),
            max_tokens=body["max_tokens"],
            system=body["system"],
            texts=[block["text"] for block in blocks if block["type"] == "text"],
            roles=[message["role"] for message in body["messages"]],
            pictures=[
                block["source"]["data"]
                for block in blocks
                if block["type"] == "image" and block["source"]["media_type"] == "image/png"
            ],
            schema=held and held["format"]["schema"],
            body=body,
        )

    def events(self, reply: Reply) -> list[bytes]:
        start = {**_message(reply), "content": [], "stop_reason": None}
        block = {"type": "text", "text": ""}
        texts = [
            {"index": 0, "delta": {"type": "text_delta", "text": piece}} for piece in reply.pieces()
        ]
        delta = {"stop_reason": STOP[reply.finish], "stop_sequence": None}
        return [
            _event("message_start", {"message": start}),
            _event("content_block_start", {"index": 0, "content_block": block}),
            _event("ping", {}),
            *(_event("content_block_delta", text) for text in texts),
            _event("content_block_stop", {"index": 0}),
            _event("message_delta", {"delta": delta, "usage": _usage()}),
            _event("message_stop", {}),
        ]

    def whole(self, reply: Reply) -> dict[str, Any]:
        return _message(reply)

    def error(self, reply: Reply) -> dict[str, Any]:
        return {"type": "error", "error": {"type": "api_error", "message": reply.message}}

    def ping(self) -> bytes:
        return _event("ping", {})

    def error_event(self, reply: Reply) -> bytes:
        return sse(self.error(reply), "error")


def _usage() -> dict[str, int]:
    return {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS}


def _message(reply: Reply) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test",
        "content": [{"type": "text", "text": reply.text}] if reply.text else [],
        "stop_reason": STOP[reply.finish],
        "stop_sequence": None,
        "usage": _usage(),
    }


def _event(kind: str, data: dict[str, Any]) -> bytes:
    return sse({"type": kind, **data}, kind)
