"""Google's Gemini models."""

from __future__ import annotations

from typing import Any

from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.writers.contract import Question
from core.reporting.writers.keys import require_key
from core.reporting.writers.providers.common import Chat, adapted, output_tokens

# Of https://ai.google.dev/api/generate-content (responseJsonSchema), without those for the length
# of arrays: nested ones can make a schema "too complex to serve".
SCHEMA_KEYWORDS = frozenset(
    {
        *("type", "enum", "title", "description", "format", "minimum", "maximum"),
        *("items", "prefixItems", "anyOf", "oneOf"),
        *("properties", "required", "additionalProperties", "$defs", "$ref"),
    }
)
LENGTH_ENDS = frozenset({"MAX_TOKENS"})
REFUSAL_ENDS = frozenset(
    {"SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "IMAGE_SAFETY"}
)


def open_chat(model: Model, settings: Settings) -> Chat:
    """Open a Gemini model.

    Raises:
        WriterError: if the key is not set.
    """
    from langchain_google_genai import ChatGoogleGenerativeAI

    chat = ChatGoogleGenerativeAI(
        model=model.model,
        api_key=require_key(model, settings),
        base_url=settings.google_gemini_base_url,
        timeout=settings.llm_timeout_s,
        max_retries=1,  # requests in all; 0 would mean the SDK's own number
        temperature=None,  # LangChain's default is not the provider's
    )

    def options(question: Question) -> dict[str, Any]:
        options: dict[str, Any] = {"max_output_tokens": output_tokens(model, question, chat)}
        if model.schema_native:
            options["response_mime_type"] = "application/json"
            options["response_json_schema"] = strict_schema(question.schema)
        return options

    return Chat(chat, options, settings.google_gemini_base_url or "", LENGTH_ENDS, REFUSAL_ENDS)


def strict_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Adapt a schema to Gemini's strict mode.

    Example:
        >>> strict_schema({"const": "stop", "title": "Word"})
        {'enum': ['stop'], 'title': 'Word'}
        >>> strict_schema({"enum": ["D1", None]})
        {'anyOf': [{'type': 'string', 'enum': ['D1']}, {'type': 'null'}]}
    """
    return adapted(schema, SCHEMA_KEYWORDS, every_required=False)
