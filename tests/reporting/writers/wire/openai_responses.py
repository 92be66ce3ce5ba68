"""OpenAI's responses, which its larger models want
(https://platform.openai.com/docs/api-reference/responses)."""

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

USAGE = {
    "input_tokens": INPUT_TOKENS,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": OUTPUT_TOKENS,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
}


class OpenAIResponses:
    def is_known(self, path: str) -> bool:
        return path == "/v1/responses"

    def seen(self, path: str, headers: Mapping[str, str], body: dict[str, Any]) -> Seen:
        system, *messages = body["input"]
        blocks = [
            block for message in messages for block in blocks_of(message["content"], "input_text")
        ]
        held = body.get("text", {}).get("format")
        assert held is None or (held["type"], held["strict"]) == ("json_schema", True)
        return Seen(
            at=now(),
            model=body["model"],
            key=headers["authorization"].removeprefix("Bearer "),
            streams=body.get("stream", False),
            max_tokens=body["max_output_tokens"],
            system=system["content"],
            texts=[block["text"] for block in blocks if block["type"].endswith("_text")],
            roles=[message["role"] for message in messages],
            pictures=[
                block["image_url"].removeprefix("data:image/png;base64,")
                for block in blocks
                if block["type"] == "input_image"
            ],
            schema=held and held["schema"],
            body=body,
        )

    def events(self, reply: Reply) -> list[bytes]:
        place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
        item = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
        part = {"type": "output_text", "text": "", "annotations": []}
        texts = [{**place, "delta": piece, "logprobs": []} for piece in reply.pieces()]
        refused = [("response.refusal.done", {**place, "refusal": reply.refusal})]
        end = "response.incomplete" if reply.finish == "length" else "response.completed"
        events: list[tuple[str, dict[str, Any]]] = [
            ("response.created", {"response": {**_response(reply), "status": "in_progress"}}),
            ("response.output_item.added", {"output_index": 0, "item": item}),
            ("response.content_part.added", {**place, "part": part}),
            *(("response.output_text.delta", text) for text in texts),
            *(refused if reply.refusal else []),
            (end, {"response": _response(reply)}),
        ]
        return [
            sse({"type": kind, "sequence_number": number, **data}, kind)
            for number, (kind, data) in enumerate(events)
        ]

    def whole(self, reply: Reply) -> dict[str, Any]:
        return _response(reply)

    def error(self, reply: Reply) -> dict[str, Any]:
        return {"error": {"message": reply.message, "type": "x", "param": None, "code": None}}

    def ping(self) -> bytes:
        return b": still here\n\n"

    def error_event(self, reply: Reply) -> bytes:
        data = {"type": "error", "code": "x", "message": reply.message, "sequence_number": 99}
        return sse(data, "error")


def _response(reply: Reply) -> dict[str, Any]:
    part = (
        {"type": "refusal", "refusal": reply.refusal}
        if reply.refusal
        else {"type": "output_text", "text": reply.text, "annotations": []}
    )
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    cut = reply.finish == "length"
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "gpt-test",
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "error": None,
        "output": [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": USAGE,
    }
