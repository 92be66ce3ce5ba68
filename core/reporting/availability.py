"""What a report writer lacks to run here; looked up without a network and without torch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.lacks import Lack, LackKind
from core.reporting.writers.keys import find_key, key_variables
from core.reporting.writers.local_weights import missing_for


class Availability(NamedTuple):
    """A report writer and what is missing for it to run here."""

    model: Model
    missing: tuple[Lack, ...]

    @property
    def can_run(self) -> bool:
        return not self.missing


def missing(model: Model, settings: Settings, today: date | None = None) -> tuple[Lack, ...]:
    """Find what a model lacks to run here; whether a key is valid or a server answers is not asked.

    Args:
        model: of the catalogue.
        settings: keys, server and folder of weights.
        today: another day than this one.

    Returns:
        What it lacks; empty: it can run.

    Example:
        >>> from core.reporting.catalogue import find_model
        >>> missing(find_model("offline"), Settings())
        ()
    """
    if model.is_offline:
        return ()
    if model.is_own_server:
        return _missing_server(settings)
    if model.runs == "provider":
        return (*_shut_down(model, today or date.today()), *_missing_key(model, settings))
    return missing_for(model, settings)


def ranked(models: Iterable[Model], settings: Settings) -> tuple[Availability, ...]:
    """Order all models: those that can run here first; otherwise in the order given."""
    found = (Availability(model, missing(model, settings)) for model in models)
    return tuple(sorted(found, key=lambda one: not one.can_run))


def _missing_server(settings: Settings) -> tuple[Lack, ...]:
    lacks = []
    if not settings.openai_compatible_url:
        lacks.append(Lack(kind=LackKind.SERVER_URL, names=("OPENAI_COMPATIBLE_URL",)))
    if not settings.openai_compatible_model:
        lacks.append(Lack(kind=LackKind.SERVER_MODEL, names=("OPENAI_COMPATIBLE_MODEL",)))
    return tuple(lacks)


def _missing_key(model: Model, settings: Settings) -> tuple[Lack, ...]:
    if find_key(model, settings) is not None:
        return ()
    return (Lack(kind=LackKind.KEY, names=key_variables(model)),)


def _shut_down(model: Model, today: date) -> tuple[Lack, ...]:
    if model.retires is None or today < model.retires:
        return ()
    return (Lack(kind=LackKind.SHUT_DOWN, names=(model.retires.isoformat(),)),)
