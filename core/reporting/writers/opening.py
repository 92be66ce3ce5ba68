"""Opens the writer of a catalogue entry: one line for each provider."""

from __future__ import annotations

from collections.abc import Callable

from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model, Provider
from core.reporting.writers.contract import Writer


def open_writer(model: Model, settings: Settings) -> Writer:
    """A writer that is ready to be asked; its libraries are imported here, and not before.

    Raises:
        WriterError: if it cannot run here: no key, no server, no weights, too little memory.

    Example:
        >>> from core.reporting.catalogue import find_model
        >>> type(open_writer(find_model("offline"), Settings())).__name__
        'OfflineWriter'
    """
    return OPENERS[model.provider](model, settings)


def _offline(_model: Model, _settings: Settings) -> Writer:
    from core.reporting.writers.offline import OfflineWriter

    return OfflineWriter()


def _openai(model: Model, settings: Settings) -> Writer:
    from core.reporting.writers.api import ApiWriter
    from core.reporting.writers.chat_models import openai_chat

    return ApiWriter(model, openai_chat(model, settings), settings)


def _anthropic(model: Model, settings: Settings) -> Writer:
    from core.reporting.writers.api import ApiWriter
    from core.reporting.writers.chat_models import anthropic_chat

    return ApiWriter(model, anthropic_chat(model, settings), settings)


def _google(model: Model, settings: Settings) -> Writer:
    from core.reporting.writers.api import ApiWriter
    from core.reporting.writers.chat_models import google_chat

    return ApiWriter(model, google_chat(model, settings), settings)


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
