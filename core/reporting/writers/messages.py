"""A question as LangChain's messages, in its standard content blocks."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from core.reporting.writers.contract import PromptPicture, Question

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


def messages_of(question: Question) -> list[BaseMessage]:
    """System message and turns; the pictures go with the first turn, each under its name."""
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
