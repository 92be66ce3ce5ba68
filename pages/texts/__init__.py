"""The console's texts, one catalogue a language, and numbers and times as the language has them.

The language is each person's: what one chooses is shown to nobody else.

A text is named `page.name` and stands in `en.toml`, `ko.toml` and `de.toml`; where a language has
another form for a count of one, it stands beside it as `name_one`. What a person typed, a model
wrote or core said is not translated.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent, get_decimal_symbol, get_group_symbol

from core.domain import Language
from core.domain.errors import InspectionError
from core.tasks.shared_station import shared_station
from pages.memory import remembered

FOLDER = Path(__file__).parent
SINGULAR = "_one"


def t(key: str, **values: object) -> str:
    """Look up a text in the console's language.

    Args:
        key: such as "inspect.ready".
        values: of the text's placeholders; a `count` of one asks for the singular.
    """
    known = texts(language())
    text = known[key]
    if str(values.get("count")) == "1":
        text = known.get(f"{key}{SINGULAR}", text)
    return text.format(**values) if values else text


def language() -> Language:
    """Find the person's language: the one chosen in this browser, else `first_language`."""
    chosen = remembered("language")
    return Language(chosen) if chosen in set(Language) else first_language()


def first_language() -> Language:
    """Guess the language of a person who has not chosen: the browser's, else the station's default.

    Most browsers ask for English because nobody has told them otherwise: that says nothing.
    """
    asked = (st.context.locale or "")[:2]
    if asked in set(Language) - {Language.ENGLISH}:
        return Language(asked)
    try:
        return shared_station().settings.console_language
    except InspectionError:
        return Language.ENGLISH


@cache
def texts(language: Language) -> dict[str, str]:
    """Read every text of a language by its key."""
    pages = tomllib.loads((FOLDER / f"{language.value}.toml").read_text("utf-8"))
    return {f"{page}.{name}": text for page, named in pages.items() for name, text in named.items()}


def number(value: float, digits: int = 0) -> str:
    """Format a number with the language's separators."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, pattern, locale=language().value)


def exact_number(value: float) -> str:
    """Format a number with the decimals that it has, up to six."""
    return format_decimal(value, "#,##0.######", locale=language().value)


def percentage(share: float, digits: int = 1) -> str:
    """Format a share as a percentage."""
    pattern = "0" + ("." + "0" * digits if digits else "") + " %"
    return format_percent(share, pattern, locale=language().value)


def separators() -> str:
    """Find the marks of decimals and thousands, as Plotly takes them: ".," or ",."."""
    locale = language().value
    return get_decimal_symbol(locale) + get_group_symbol(locale)


def when(moment: datetime, *, with_seconds: bool = False) -> str:
    """Format date and time in the browser's zone and the language's order."""
    if language() is Language.KOREAN:
        # On the clock of 24 hours: the short form would say AM and PM in Latin letters.
        pattern = "yyyy. M. d. HH:mm:ss" if with_seconds else "yyyy. M. d. HH:mm"
    else:
        pattern = "medium" if with_seconds else "short"
    return format_datetime(moment, pattern, tzinfo=zone(), locale=language().value)


def date_text(day: date) -> str:
    """Format a date in the language's order."""
    return format_date(day, "medium", locale=language().value)


def zone() -> tzinfo:
    """Find the browser's time zone."""
    name, offset = st.context.timezone, st.context.timezone_offset
    try:
        return ZoneInfo(name) if name else UTC
    except ZoneInfoNotFoundError:
        # Browsers may know zones that this machine does not; the offset holds at least for today.
        return UTC if offset is None else timezone(timedelta(minutes=-offset))
