"""OpenAI's models, and any server that speaks its protocol (vLLM, Ollama, llama.cpp)."""

from __future__ import annotations

from typing import Any

from core.domain.errors import WriterError
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.writers.contract import Question
from core.reporting.writers.keys import require_key
from core.reporting.writers.providers.common import Chat, adapted, output_tokens

SCHEMA_NAME = "report"
# Of https://platform.openai.com/docs/guides/structured-outputs (supported schemas); strict mode
# wants every property required and no others allowed.
SCHEMA_KEYWORDS = frozenset(
    {
        *("type", "enum", "const", "description", "format", "pattern"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minItems", "maxItems", "items", "anyOf"),
        *("properties", "required", "additionalProperties", "$defs", "$ref"),
    }
)
# Of chat completions, then of responses.
LENGTH_ENDS = frozenset({"length", "max_output_tokens"})
REFUSAL_ENDS = frozenset({"content_filter"})


def open_chat(model: Model, settings: Settings) -> Chat:
    """Open a GPT model, or the model of the operator's own server.

    Raises:
        WriterError: if the key, or the server's URL or model name, is not set.
    """
    from langchain_openai import ChatOpenAI

    is_own = model.is_own_server
    if is_own:
        base_url, name = _own_server(settings)
    else:
        base_url, name = settings.openai_base_url, model.model
    chat = ChatOpenAI(
        model=name,
        api_key=require_key(model, settings),
        base_url=base_url,
        timeout=settings.llm_timeout_s,
        max_retries=0,
        stream_usage=True,
    )

    def options(question: Question) -> dict[str, Any]:
        tokens = output_tokens(model, question, chat)
        options: dict[str, Any] = {"extra_body": {}}
        # Ollama and older servers accept the limit only by its former name.
        (options["extra_body"] if is_own else options)["max_tokens"] = tokens
        if model.schema_native:
            # Without a stream LangChain would have the SDK parse the answer, which raises where the
            # token limit cut it, and loses the text.
            is_plain = not model.streaming and not chat.use_responses_api
            (options["extra_body"] if is_plain else options)["response_format"] = {
                "type": "json_schema",
                "json_schema": {
                    "name": SCHEMA_NAME,
                    "strict": True,
                    "schema": strict_schema(question.schema),
                },
            }
        return options

    return Chat(chat, options, base_url or "", LENGTH_ENDS, REFUSAL_ENDS)


def strict_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Adapt a schema to OpenAI's strict mode.

    Example:
        >>> strict_schema({"type": "string", "maxLength": 9, "default": ""})
        {'type': 'string', 'description': '(maxLength: 9)'}
    """
    return adapted(schema, SCHEMA_KEYWORDS, every_required=True)


def _own_server(settings: Settings) -> tuple[str, str]:
    if not settings.openai_compatible_url or not settings.openai_compatible_model:
        raise WriterError(
            "Your own server is not set: OPENAI_COMPATIBLE_URL names its address, such as "
            "http://127.0.0.1:8001/v1, and OPENAI_COMPATIBLE_MODEL the model that it serves. "
            "Set both in the environment or in .env, and start again."
        )
    return settings.openai_compatible_url, settings.openai_compatible_model
