"""Fields for numbers, shown and typed as the console's language writes them.

A browser's own number field takes the comma or refuses it by the browser's language.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st
from babel.numbers import format_decimal, get_decimal_symbol

from core.domain.decimals import decimal_number
from core.domain.errors import AmbiguousNumberError, NumberError
from pages.texts import language, t

MOST_DIGITS = 6


def number_field(
    label: str,
    value: float | None,
    *,
    least: float | None = None,
    most: float | None = None,
    digits: int = MOST_DIGITS,
    key: str | None = None,
    help: str | None = None,
    placeholder: str | None = None,
    label_visibility: Literal["visible", "hidden", "collapsed"] = "visible",
) -> Callable[[], float | None]:
    """Ask for a number that need not be whole.

    Args:
        label: of the field.
        value: to begin with; None: empty.
        least: that is taken.
        most: that is taken.
        digits: most that the value is shown with behind its decimal mark.
        key: of the widget.
        help: beside the label.
        placeholder: while the field is empty.
        label_visibility: as Streamlit has it.

    Returns:
        What reads the field: None if it is empty. It raises a NumberError with a sentence if no
        number was typed, one that can be read as two, or one that is too small or too large.
    """
    shown = "" if value is None else _shown(value, digits)
    typed = st.text_input(
        label,
        value=shown,
        # What was typed in one language may be another number in the next.
        key=key and f"{key}-{language().value}",
        help=help,
        placeholder=placeholder,
        label_visibility=label_visibility,
    )

    def read() -> float | None:
        # As it was, not as it was rounded to be shown.
        return value if typed == shown else _read(label, typed, least, most)

    return read


def _read(label: str, typed: str, least: float | None, most: float | None) -> float | None:
    if not typed.strip():
        return None
    mark = get_decimal_symbol(language().value)
    try:
        number = decimal_number(typed, mark)
    except AmbiguousNumberError as error:
        sentence = t("words.two_numbers", name=label, typed=typed.strip(), mark=mark)
        raise NumberError(sentence) from error
    except NumberError as error:
        example = _shown(12.5, 1)
        sentence = t("words.no_number", name=label, typed=typed.strip(), example=example)
        raise NumberError(sentence) from error
    if least is not None and number < least:
        raise NumberError(
            t("words.too_small", name=label, typed=typed.strip(), least=_shown(least, MOST_DIGITS))
        )
    if most is not None and number > most:
        raise NumberError(
            t("words.too_large", name=label, typed=typed.strip(), most=_shown(most, MOST_DIGITS))
        )
    return number


def _shown(number: float, digits: int) -> str:
    """Write a number as it may be typed: without marks between thousands."""
    return format_decimal(number, "0." + "#" * digits, locale=language().value)
