"""An answer as its pieces come in, read the same way for every provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.reporting.writers.contract import Answer, Finish, OnText

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

# Why an answer ended early, in the words of OpenAI (chat completions, then responses), Anthropic
# and Google.
LENGTH = {
    *("length", "max_output_tokens"),
    *("max_tokens", "model_context_window_exceeded"),
    "MAX_TOKENS",
}
REFUSAL = {
    *("content_filter", "refusal"),
    *("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "IMAGE_SAFETY"),
}


class Incoming:
    """An answer as far as it has come."""

    def __init__(self, on_text: OnText | None) -> None:
        self._on_text = on_text
        self._ends: list[str] = []
        self._tokens: dict[str, int] = {}
        self.text = ""

    def add(self, piece: AIMessage) -> None:
        """Take in a piece, and pass on its text."""
        self._ends += _ends(piece.response_metadata)
        usage: Mapping[str, Any] = piece.usage_metadata or {}
        for name in ("input_tokens", "output_tokens"):
            if name in usage:
                self._tokens[name] = self._tokens.get(name, 0) + usage[name]
        refusal = _refusal(piece)
        if refusal:
            self._ends.append("refusal")
        text = piece.text or refusal
        if text:
            self.text += text
            if self._on_text is not None:
                self._on_text(str(text))

    @property
    def is_complete(self) -> bool:
        """Whether the server said that it is: an answer that just ends was cut off."""
        return bool(self._ends)

    def answer(self, attempts: int) -> Answer:
        """The answer as a whole."""
        return Answer(
            text=self.text,
            finish=self._finish(),
            input_tokens=self._tokens.get("input_tokens"),
            output_tokens=self._tokens.get("output_tokens"),
            attempts=attempts,
        )

    def _finish(self) -> Finish:
        if REFUSAL.intersection(self._ends):
            return "refusal"
        return "length" if LENGTH.intersection(self._ends) else "stop"


def _ends(metadata: Mapping[str, Any]) -> list[str]:
    """Every reason for its end that a piece names."""
    ends = [metadata.get(name) for name in ("finish_reason", "stop_reason", "status")]
    ends.append((metadata.get("incomplete_details") or {}).get("reason"))
    if (metadata.get("prompt_feedback") or {}).get("block_reason"):
        ends.append("refusal")
    return [end for end in ends if end]


def _refusal(piece: AIMessage) -> str:
    """The words of OpenAI's refusal, which it keeps apart from text; empty: none."""
    blocks = piece.content if isinstance(piece.content, list) else []
    return piece.additional_kwargs.get("refusal") or "".join(
        block["refusal"]
        for block in blocks
        if isinstance(block, dict) and block.get("type") == "refusal"
    )
