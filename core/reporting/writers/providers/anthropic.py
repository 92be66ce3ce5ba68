"""Anthropic's Claude models."""

from __future__ import annotations

from typing import Any

from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.writers.contract import Question
from core.reporting.writers.keys import require_key
from core.reporting.writers.providers.common import Chat, output_tokens

LENGTH_ENDS = frozenset({"max_tokens", "model_context_window_exceeded"})
REFUSAL_ENDS = frozenset({"refusal"})


def open_chat(model: Model, settings: Settings) -> Chat:
    """Open a Claude model.

    Raises:
        WriterError: if the key is not set.
    """
    from langchain_anthropic import ChatAnthropic

    chat = ChatAnthropic(
        model_name=model.model,
        api_key=require_key(model, settings),
        base_url=settings.anthropic_base_url,
        timeout=settings.llm_timeout_s,
        max_retries=0,
        stop=None,
    )

    def options(question: Question) -> dict[str, Any]:
        options: dict[str, Any] = {"max_tokens": output_tokens(model, question, chat)}
        if model.schema_native:
            schema = strict_schema(question.schema)
            options["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        return options

    return Chat(chat, options, settings.anthropic_base_url or "", LENGTH_ENDS, REFUSAL_ENDS)


def strict_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Adapt a schema to Claude's strict mode, by Anthropic's own means."""
    from anthropic import transform_schema

    return transform_schema(schema)
