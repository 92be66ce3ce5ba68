"""LangChain's chat models of the API providers, and how each is asked for an answer.

The SDKs' own retries are off: `core.reporting.writers.api` retries in one way for all of them, as
google-genai does not honour Retry-After. No tracing is set up here; LangSmith's own environment
variables would.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.domain.errors import WriterError
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.writers.contract import Question
from core.reporting.writers.dialect import anthropic_schema, gemini_schema, openai_schema
from core.reporting.writers.keys import require_key

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

SCHEMA_NAME = "report"
# Thoughts count as output: a model that thinks first needs room for both.
THINKING_TOKENS = 8192


@dataclass(frozen=True)
class Chat:
    """A chat model, and the options that one question is bound to it with.

    Attributes:
        host: where requests go, for error messages; empty: the provider's own address.
    """

    model: BaseChatModel
    options: Callable[[Question], dict[str, Any]]
    host: str


def openai_chat(model: Model, settings: Settings) -> Chat:
    """GPT models, and any server that speaks OpenAI's protocol (vLLM, Ollama, llama.cpp).

    Raises:
        WriterError: if the key, or the server's URL or model name, is not set.
    """
    from langchain_openai import ChatOpenAI

    is_own = model.runs == "your server"
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
        # Ollama and older servers know the limit by its former name only.
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
                    "schema": openai_schema(question.schema),
                },
            }
        return options

    return Chat(chat, options, base_url or "")


def anthropic_chat(model: Model, settings: Settings) -> Chat:
    """Claude models.

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
            schema = anthropic_schema(question.schema)
            options["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
        return options

    return Chat(chat, options, settings.anthropic_base_url or "")


def google_chat(model: Model, settings: Settings) -> Chat:
    """Gemini models.

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
            options["response_json_schema"] = gemini_schema(question.schema)
        return options

    return Chat(chat, options, settings.google_gemini_base_url or "")


def output_tokens(model: Model, question: Question, chat: BaseChatModel) -> int:
    """Token limit of an answer, thoughts included; LangChain's profiles know who thinks."""
    thinks = (chat.profile or {}).get("reasoning_output", False)
    return min(model.max_output, question.max_tokens + (THINKING_TOKENS if thinks else 0))


def _own_server(settings: Settings) -> tuple[str, str]:
    if not settings.openai_compatible_url or not settings.openai_compatible_model:
        raise WriterError(
            "Your own server is not set: OPENAI_COMPATIBLE_URL names its address, such as "
            "http://127.0.0.1:8001/v1, and OPENAI_COMPATIBLE_MODEL the model that it serves. "
            "Set both in the environment or in .env, and start again."
        )
    return settings.openai_compatible_url, settings.openai_compatible_model
