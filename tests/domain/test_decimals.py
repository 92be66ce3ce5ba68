"""Numbers as people type them."""

from __future__ import annotations

import pytest

from core.domain.decimals import decimal_number
from core.domain.errors import AmbiguousNumberError, NumberError


@pytest.mark.parametrize("mark", [".", ","])
@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("12,5", 12.5),
        ("12.5", 12.5),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1.234.567", 1234567),
        ("1,234,567.25", 1234567.25),
        ("-1.234,5", -1234.5),
        ("0,125", 0.125),
        ("0.125", 0.125),
        ("1,2345", 1.2345),
        ("1234,567", 1234.567),
        (" 7 ", 7),
        ("\N{NO-BREAK SPACE}7\n", 7),
        ("+7", 7),
        ("-0,5", -0.5),
        ("\N{MINUS SIGN}0,5", -0.5),
        (",5", 0.5),
        ("5,", 5),
        ("2,5e-3", 0.0025),
        ("٣", 3),
        ("１２．５", 12.5),
    ],
)
def test_a_number_that_all_read_alike_is_read_in_every_language(
    typed: str, number: float, mark: str
) -> None:
    assert decimal_number(typed, mark) == number


def test_the_languages_own_decimal_mark_is_never_in_doubt() -> None:
    assert decimal_number("1,234", ",") == 1.234
    assert decimal_number("1.234", ".") == 1.234


@pytest.mark.parametrize(("typed", "mark"), [("1,234", "."), ("1.234", ","), ("-12,000", ".")])
def test_what_can_be_read_as_two_numbers_is_refused(typed: str, mark: str) -> None:
    with pytest.raises(AmbiguousNumberError, match="can be read as"):
        decimal_number(typed, mark)


@pytest.mark.parametrize(
    "typed",
    ["", " ", "-", ",", ".", "nan", "inf", "1_000", "1,23,45", "1.234,567.8", "1.2.3", "12 5", "½"],
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(NumberError, match="is not a number"):
        decimal_number(typed)


def test_a_number_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(NumberError, match="too large"):
        decimal_number("1e999")
