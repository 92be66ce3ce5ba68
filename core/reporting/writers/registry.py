"""Opens the writer of a catalogue entry."""

from __future__ import annotations

from collections.abc import Callable

from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model, Provider
from core.reporting.composer import compose
from core.reporting.writers.contract import Answer, OnText, Question, Writer


class OfflineWriter:
    """Writes from the evidence by rule; the same evidence gives the same words."""

    def answer(self, question: Question, on_text: OnText | None = None) -> Answer:
        """Compose the report; prompt, pictures and schema are not read."""
        report = compose(question.evidence, question.language)
        text = report.model_dump_json(exclude={"schema_version", "language"})
        if on_text is not None:
            on_text(text)
        return Answer(text=text, input_tokens=0, output_tokens=0)


def open_writer(model: Model, settings: Settings) -> Writer:
    """Open a writer that is ready to be asked; its libraries are imported here, not before.

    Raises:
        WriterError: if it cannot run here: no key, no server, no weights, too little memory.

    Example:
        >>> from core.reporting.catalogue import find_model
        >>> type(open_writer(find_model("offline"), Settings())).__name__
        'OfflineWriter'
    """
    return OPENERS[model.provider](model, settings)


def _offline(_model: Model, _settings: Settings) -> Writer:
    return OfflineWriter()


def _openai(model: Model, settings: Settings) -> Writer:
    from core.reporting.writers.api import ApiWriter
    from core.reporting.writers.providers import openai

    return ApiWriter(model, openai.open_chat(model, settings), settings)


def _anthropic(model: Model, settings: Settings) -> Writer:
    from core.reporting.writers.api import ApiWriter
    from core.reporting.writers.providers import anthropic

    return ApiWriter(model, anthropic.open_chat(model, settings), settings)


def _google(model: Model, settings: Settings) -> Writer:
    from core.reporting.writers.api import ApiWriter
    from core.reporting.writers.providers import google

    return ApiWriter(model, google.open_chat(model, settings), settings)


def _transformers(model: Model, settings: Settings) -> Writer:
    from core.reporting.writers.transformers_model import open_transformers

    return open_transformers(model, settings)


def _gguf(model: Model, settings: Settings) -> Writer:
    from core.reporting.writers.gguf import open_gguf

    return open_gguf(model, settings)


OPENERS: dict[Provider, Callable[[Model, Settings], Writer]] = {
    "offline": _offline,
    "openai": _openai,
    "anthropic": _anthropic,
    "google": _google,
    "transformers": _transformers,
    "gguf": _gguf,
}
