"""Change settings in the console; they take precedence over the environment."""

from __future__ import annotations

import logging
from typing import Any

from pydantic import Field, SecretStr, ValidationError

from core.domain import Frozen, identifier
from core.domain.errors import InspectionError, SettingsError
from core.infrastructure.settings import Settings
from core.records.events import add_event
from core.records.preferences import Change, changes, preferences, save_preference
from core.records.store.database import Database
from core.reporting.catalogue import find_model

log = logging.getLogger(__name__)

# Settings that an operator may change without access to the machine's environment.
CHANGEABLE = (
    "console_language",
    "report_language",
    "llm_model",
    "llm_for_pass",
    "rag_enabled",
    "domain_rag_enabled",
    "audit_share",
    "takt_s",
    "plant_time_zone",
    "plant_day_start",
    "shift_starts",
)


class Standing(Frozen):
    """The state of a setting that can be changed in the console."""

    name: str
    value: Any = Field(description="the value in force")
    environment: Any = Field(description="the value without a change in the console")
    change: Change | None = Field(description="None: the environment's value is in force")
    description: str


class FixedSetting(Frozen):
    """A setting of the environment, in a form that may be shown to anyone."""

    name: str = Field(description="of the environment's variable")
    value: str | None = Field(description="None: not set, or a secret")
    is_secret: bool
    is_set: bool
    description: str


def standings(environment: Settings, records: Database) -> tuple[Standing, ...]:
    """List every setting that can be changed in the console, and who changed it."""
    present, made = with_preferences(environment, records), changes(records)
    return tuple(
        Standing(
            name=name,
            value=getattr(present, name),
            environment=getattr(environment, name),
            change=made.get(name),
            description=Settings.model_fields[name].description or "",
        )
        for name in CHANGEABLE
    )


def fixed_settings(settings: Settings) -> tuple[FixedSetting, ...]:
    """List the settings that only the environment changes, without secrets and passwords."""
    return tuple(
        _shown(name, getattr(settings, name))
        for name in Settings.model_fields
        if name not in CHANGEABLE
    )


def with_preferences(environment: Settings, records: Database) -> Settings:
    """Apply the changes made in the console to the environment's settings.

    A change that is no longer valid, such as a removed writer, is left out and logged.
    """
    present = environment
    for name, value in preferences(records).items():
        try:
            present = changed(present, name, value)
        except SettingsError as error:
            log.warning("A changed setting is left out: %s", error)
    return present


def change_setting(
    environment: Settings, records: Database, name: str, value: object, person: str
) -> Settings:
    """Change a setting and record who did; None restores the environment's value.

    Returns:
        The settings after the change.

    Raises:
        SettingsError: if it cannot be changed here, the value is invalid, or no person is named.
    """
    person = identifier(person, "name")
    if not person:
        raise SettingsError("Name the person who changes the setting.")
    before = with_preferences(environment, records)
    if value is not None:
        changed(before, name, value)
    elif name not in CHANGEABLE:
        raise _not_here(name)
    save_preference(records, name, value, person)
    after = with_preferences(environment, records)
    detail = {"before": _plain(before, name), "after": _plain(after, name)}
    add_event(records, "setting changed", name, detail, person)
    return after


def changed(settings: Settings, name: str, value: object) -> Settings:
    """Replace the value of one setting.

    Raises:
        SettingsError: if it cannot be changed here, or the value is invalid.
    """
    if name not in CHANGEABLE:
        raise _not_here(name)
    try:
        values: dict[str, Any] = dict(settings) | {name: value}
        after = Settings(**values)
        find_model(after.llm_model)
    except ValidationError as error:
        raise SettingsError(
            f"The setting {name.upper()} cannot be {value!r}: {error.errors()[0]['msg']}."
        ) from error
    except InspectionError as error:
        raise SettingsError(str(error)) from error
    return after


def _shown(name: str, value: object) -> FixedSetting:
    is_secret = isinstance(value, SecretStr) or name.endswith("_key")
    text = None if is_secret or value is None else _without_password(str(value))
    return FixedSetting(
        name=name.upper(),
        value=text,
        is_secret=is_secret,
        is_set=value is not None,
        description=Settings.model_fields[name].description or "",
    )


def _without_password(text: str) -> str:
    """Remove user and password from a URL."""
    scheme, separator, rest = text.partition("://")
    host = rest.partition("/")[0]
    if not separator or "@" not in host:
        return text
    return f"{scheme}://…@{rest[host.rindex('@') + 1 :]}"


def _not_here(name: str) -> SettingsError:
    return SettingsError(
        f"The setting {name.upper()} cannot be changed in the console; set it in the environment "
        "or in .env and restart."
    )


def _plain(settings: Settings, name: str) -> Any:  # noqa: ANN401  # a setting of any type
    return settings.model_dump(mode="json")[name]
