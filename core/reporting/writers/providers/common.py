"""What the API providers share: a question in LangChain's messages, and an answer from its pieces.

The SDKs' own retries are off: `core.reporting.writers.api` retries in one way for all of them, as
google-genai does not honour Retry-After. No tracing is set up here; LangSmith's own environment
variables would.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.reporting.catalogue import Model
from core.reporting.writers.contract import Answer, Finish, OnText, PromptPicture, Question

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

# Thoughts count as output: a model that thinks first needs room for both.
THINKING_TOKENS = 8192
# These limit nothing, so they are left out without telling the model.
SILENT_KEYWORDS = frozenset({"title", "default", "$schema", "$id"})
# Providers limit how many values a schema may list; a longer list is a list of ids, and those are
# checked in the answer anyway.
MOST_VALUES = 200
REFUSED = "refused"


@dataclass(frozen=True)
class Chat:
    """A provider's chat model and what is particular to it.

    Attributes:
        model: of LangChain.
        options: that one question is bound to it with.
        host: where requests go, for error messages; empty: the provider's own address.
        length_ends: the provider's names for an answer that the token limit cut.
        refusal_ends: its names for one that the model would not give.
    """

    model: BaseChatModel
    options: Callable[[Question], dict[str, Any]]
    host: str
    length_ends: frozenset[str]
    refusal_ends: frozenset[str]


def output_tokens(model: Model, question: Question, chat: BaseChatModel) -> int:
    """Limit an answer's tokens, thoughts included; LangChain's profiles know who thinks."""
    thinks = (chat.profile or {}).get("reasoning_output", False)
    return min(model.max_output, question.max_tokens + (THINKING_TOKENS if thinks else 0))


def messages_of(question: Question) -> list[BaseMessage]:
    """Put a question into messages; the pictures go with the first turn, each under its name."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    messages: list[BaseMessage] = [SystemMessage(question.system)]
    for index, turn in enumerate(question.turns):
        if turn.role == "assistant":
            messages.append(AIMessage(turn.text))
            continue
        pictures = question.pictures if index == 0 else ()
        blocks = [block for picture in pictures for block in _blocks(picture)]
        messages.append(HumanMessage(content=[*blocks, {"type": "text", "text": turn.text}]))
    return messages


def _blocks(picture: PromptPicture) -> tuple[dict[str, str], dict[str, str]]:
    data = base64.b64encode(picture.png).decode("ascii")
    return (
        {"type": "text", "text": f"Picture: {picture.name}"},
        {"type": "image", "base64": data, "mime_type": "image/png"},
    )


class Incoming:
    """Collects an answer from its pieces; the same for every provider."""

    def __init__(self, chat: Chat, on_text: OnText | None) -> None:
        self._chat, self._on_text = chat, on_text
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
            self._ends.append(REFUSED)
        text = piece.text or refusal
        if text:
            self.text += text
            if self._on_text is not None:
                self._on_text(str(text))

    @property
    def is_complete(self) -> bool:
        """Tell whether the server ended the answer: one that just stops was cut off."""
        return bool(self._ends)

    def answer(self, attempts: int) -> Answer:
        """Join the pieces to an answer."""
        return Answer(
            text=self.text,
            finish=self._finish(),
            input_tokens=self._tokens.get("input_tokens"),
            output_tokens=self._tokens.get("output_tokens"),
            attempts=attempts,
        )

    def _finish(self) -> Finish:
        if REFUSED in self._ends or not self._chat.refusal_ends.isdisjoint(self._ends):
            return "refusal"
        return "stop" if self._chat.length_ends.isdisjoint(self._ends) else "length"


def _ends(metadata: Mapping[str, Any]) -> list[str]:
    """List every reason for its end that a piece names."""
    ends = [metadata.get(name) for name in ("finish_reason", "stop_reason", "status")]
    ends.append((metadata.get("incomplete_details") or {}).get("reason"))
    if (metadata.get("prompt_feedback") or {}).get("block_reason"):
        ends.append(REFUSED)
    return [end for end in ends if end]


def _refusal(piece: AIMessage) -> str:
    """Read the words of a refusal, which OpenAI keeps apart from text; empty: none."""
    blocks = piece.content if isinstance(piece.content, list) else []
    return piece.additional_kwargs.get("refusal") or "".join(
        block["refusal"]
        for block in blocks
        if isinstance(block, dict) and block.get("type") == "refusal"
    )


def adapted(
    schema: dict[str, Any], keywords: frozenset[str], *, every_required: bool
) -> dict[str, Any]:
    """Cut a JSON schema down to what a provider's strict mode takes.

    What a provider does not enforce is told to the model in words instead; the caller validates
    the answer against the whole schema. Lists of values (`enum`) are taken to be lists of strings.

    Args:
        schema: JSON schema, draft 2020-12.
        keywords: those that the provider enforces.
        every_required: name every property as required, and allow no others.
    """
    if "$ref" in schema:
        # Neither provider takes other keywords beside a reference.
        return {"$ref": schema["$ref"]}
    if None in schema.get("enum", ()):
        # A list of values has one type here; null is another.
        values = {**schema, "enum": [value for value in schema["enum"] if value is not None]}
        schema = {"anyOf": [values, {"type": "null"}]}
    adapted: dict[str, Any] = {}
    told: list[str] = []
    for keyword, value in schema.items():
        if keyword == "const" and keyword not in keywords:
            adapted["enum"] = [value]
        elif keyword == "enum":
            adapted.setdefault("type", "string")
            if 0 < len(value) <= MOST_VALUES:
                adapted["enum"] = value
        elif keyword in keywords:
            adapted[keyword] = _value(keyword, value, keywords, every_required=every_required)
        elif keyword not in SILENT_KEYWORDS:
            told.append(f"{keyword}: {value}")
    if told:
        words = f"({', '.join(told)})"
        adapted["description"] = f"{adapted.get('description', '')} {words}".strip()
    if every_required and "properties" in adapted:
        adapted["required"] = list(adapted["properties"])
        adapted["additionalProperties"] = False
    return adapted


def _value(keyword: str, value: Any, keywords: frozenset[str], *, every_required: bool) -> Any:  # noqa: ANN401
    """Adapt the schemas inside of a keyword's value."""
    if keyword in {"properties", "$defs"}:
        return {
            name: adapted(part, keywords, every_required=every_required)
            for name, part in value.items()
        }
    if keyword in {"anyOf", "oneOf", "prefixItems"}:
        return [adapted(part, keywords, every_required=every_required) for part in value]
    if keyword == "items" and isinstance(value, dict):
        return adapted(value, keywords, every_required=every_required)
    return value
