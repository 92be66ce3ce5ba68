"""Writers that ask a server on loopback, and a question for them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from core.domain import Evidence, Language, Product
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.writers.contract import PromptPicture, Question, Turn, Writer
from core.reporting.writers.registry import open_writer
from tests.records import examples
from tests.reporting.writers.wire.anthropic_messages import AnthropicMessages
from tests.reporting.writers.wire.gemini import Gemini
from tests.reporting.writers.wire.openai_chat import OpenAIChat
from tests.reporting.writers.wire.openai_responses import OpenAIResponses
from tests.reporting.writers.wire.server import LoopbackServer, Wire

KEY = "sk-test-0123456789abcdef"


@dataclass(frozen=True)
class Kind:
    """One way to a model: what speaks it, its catalogue entry and where its address is set."""

    wire: type[Wire]
    entry: dict[str, Any]
    settings: dict[str, Any]
    path: str = ""

    def url(self, server: LoopbackServer) -> str:
        return server.url + self.path


KINDS = {
    "openai": Kind(
        OpenAIChat,
        {"provider": "openai", "model": "gpt-4o-mini"},
        {"openai_base_url": None, "openai_api_key": KEY},
        "/v1",
    ),
    "openai-responses": Kind(
        OpenAIResponses,
        {"provider": "openai", "model": "gpt-5-pro"},
        {"openai_base_url": None, "openai_api_key": KEY},
        "/v1",
    ),
    "openai-compatible": Kind(
        OpenAIChat,
        {"provider": "openai", "runs": "your server"},
        {
            "openai_compatible_url": None,
            "openai_compatible_api_key": KEY,
            "openai_compatible_model": "our-model",
        },
        "/v1",
    ),
    "anthropic": Kind(
        AnthropicMessages,
        {"provider": "anthropic", "model": "claude-haiku-4-5"},
        {"anthropic_base_url": None, "anthropic_api_key": KEY},
    ),
    "google": Kind(
        Gemini,
        {"provider": "google", "model": "gemini-2.5-flash"},
        {"google_gemini_base_url": None, "google_api_key": KEY},
    ),
}
LIMITS = {"llm_timeout_s": 20, "llm_stall_s": 10, "llm_retries": 1}


@dataclass
class Endpoint:
    """A writer, the server that it asks, and what both are set to."""

    name: str
    server: LoopbackServer

    def model(self, **changes: object) -> Model:
        entry: dict[str, Any] = {
            "key": self.name,
            "title": "The model under test",
            "family": "Tests",
            "runs": "provider",
            "images": True,
            "most_pictures": 4,
            "schema_native": True,
            "context": 100_000,
            "max_output": 50_000,
            "licence": "none",
        }
        return Model.model_validate({**entry, **KINDS[self.name].entry, **changes})

    def settings(self, **changes: Any) -> Settings:  # noqa: ANN401
        kind = KINDS[self.name]
        given = {
            name: kind.url(self.server) if value is None else value
            for name, value in kind.settings.items()
        }
        values: dict[str, Any] = {**LIMITS, **given, **changes}
        return Settings(_env_file=None, **values)

    @property
    def address(self) -> str:
        """Name of the setting that holds the server's address."""
        return next(name for name, value in KINDS[self.name].settings.items() if value is None)

    def writer(self, entry: dict[str, object] | None = None, /, **changes: Any) -> Writer:  # noqa: ANN401
        return open_writer(self.model(**(entry or {})), self.settings(**changes))


def picture(name: str, grey: int) -> PromptPicture:
    file = io.BytesIO()
    Image.fromarray(np.full((8, 12), grey, np.uint8)).save(file, "PNG")
    return PromptPicture(name, file.getvalue())


SCHEMA: dict[str, Any] = {
    "title": "Report",
    "type": "object",
    "properties": {
        "summary": {"type": "string", "maxLength": 400, "description": "what and where"},
        "findings": {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/Finding"}},
        "severity": {"anyOf": [{"enum": ["major", "minor"], "type": "string"}, {"type": "null"}]},
        "confidence": {"type": "string", "default": "low", "enum": ["low", "high"]},
    },
    "required": ["summary"],
    "$defs": {
        "Finding": {
            "type": "object",
            "properties": {
                "defect_ids": {"type": "array", "items": {"type": "string"}},
                "kind": {"const": "defect", "type": "string"},
            },
            "required": ["defect_ids"],
            "additionalProperties": False,
        }
    },
}


def question(language: Language = Language.ENGLISH, **changes: Any) -> Question:  # noqa: ANN401
    asked: dict[str, Any] = {
        "evidence": Evidence(
            product=Product(dataset="ELPV", category="mono"),
            judgement=examples.judgement(),
            defects=(examples.defect(1),),
            snippets=(examples.snippet(),),
        ),
        "language": language,
        "system": "You write nonconformity reports.",
        "turns": (Turn("user", "Write the report."),),
        "pictures": (picture("query", 60), picture("overlay", 200)),
        "schema": SCHEMA,
        "max_tokens": 900,
    }
    return Question(**{**asked, **changes})
