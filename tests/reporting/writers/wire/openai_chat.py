"""OpenAI's chat completions (https://platform.openai.com/docs/api-reference/chat)."""

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

FINISH = {"stop": "stop", "length": "length", "refusal": "stop"}
USAGE = {
    "prompt_tokens": INPUT_TOKENS,
    "completion_tokens": OUTPUT_TOKENS,
    "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
}


class OpenAIChat:
    def is_known(self, path: str) -> bool:
        return path == "/v1/chat/completions"

    def seen(self, path: str, headers: Mapping[str, str], body: dict[str, Any]) -> Seen:
        system, *messages = body["messages"]
        blocks = [block for message in messages for block in blocks_of(message["content"], "text")]
        held = body.get("response_format")
        assert held is None or (held["type"], held["json_schema"]["strict"]) == (
            "json_schema",
            True,
        )
        return Seen(
            at=now(),
            model=body["model"],
            key=headers["authorization"].removeprefix("Bearer "),
            streams=body.get("stream", False),
            max_tokens=body.get("max_completion_tokens") or body["max_tokens"],
            system=system["content"],
            texts=[block["text"] for block in blocks if block["type"] == "text"],
            roles=[message["role"] for message in messages],
            pictures=[
                block["image_url"]["url"].removeprefix("data:image/png;base64,")
                for block in blocks
                if block["type"] == "image_url"
            ],
            schema=held and held["json_schema"]["schema"],
            body=body,
        )

    def events(self, reply: Reply) -> list[bytes]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "", "refusal": None}]
        deltas += [{"content": piece} for piece in reply.pieces()]
        deltas += [{"refusal": word} for word in (reply.refusal[:8], reply.refusal[8:]) if word]
        chunks = [_chunk([{"index": 0, "delta": delta, "finish_reason": None}]) for delta in deltas]
        end = {"index": 0, "delta": {}, "finish_reason": FINISH[reply.finish]}
        return [*chunks, _chunk([end]), _chunk([], USAGE), sse("[DONE]")]

    def whole(self, reply: Reply) -> dict[str, Any]:
        message = {
            "role": "assistant",
            "content": reply.text or None,
            "refusal": reply.refusal or None,
        }
        choice = {"index": 0, "message": message, "finish_reason": FINISH[reply.finish]}
        return {**_head("chat.completion"), "choices": [choice], "usage": USAGE}

    def error(self, reply: Reply) -> dict[str, Any]:
        return {"error": {"message": reply.message, "type": "x", "param": None, "code": None}}

    def ping(self) -> bytes:
        return b": still here\n\n"

    def error_event(self, reply: Reply) -> bytes:
        return sse(self.error(reply))


def _head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "gpt-test"}


def _chunk(choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> bytes:
    return sse({**_head("chat.completion.chunk"), "choices": choices, "usage": usage})
