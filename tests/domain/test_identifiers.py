from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.domain import MOST_CHARACTERS, Context, Product, composed, identifier
from core.domain.errors import RequestError


@pytest.mark.parametrize(
    "typed", ["SN1", "SN1\r", " SN1 ", "\tSN1\r\n", "\u00a0SN1\u3000", "\ufeffSN1", "\u200b SN1"]
)
def test_one_serial_is_one_text_whatever_surrounds_it(typed: str) -> None:
    assert Context(serial=typed).serial == "SN1"


def test_composed_and_decomposed_letters_are_one_lot() -> None:
    for name in ("München", "Zoë", "균열", "Å"):
        assert Context(lot=unicodedata.normalize("NFD", name)).lot == name
    assert identifier("Los\u00a05") == "Los 5"


def test_what_tells_identifiers_apart_stays() -> None:
    for text in ("0007", "a", "A", "ﬁ", "①", "A  B", "نمی\u200cخواهم", "👩\u200d🔧", "=SN-1"):
        assert identifier(text) == text


@pytest.mark.parametrize(
    ("hidden", "what"),
    [
        ("\x1d", "a control character"),
        ("\t", "a control character"),
        ("\x85", "a control character"),
        ("\u202e", "cannot be seen"),
        ("\u2066", "cannot be seen"),
        ("\u200e", "cannot be seen"),
        ("\u200b", "cannot be seen"),
        ("\u00ad", "cannot be seen"),
        ("\u2028", "a line break"),
        ("\udcb0", "no text"),
    ],
)
def test_what_cannot_be_seen_is_refused_and_named(hidden: str, what: str) -> None:
    with pytest.raises(RequestError, match=what) as refused:
        Context(serial=f"SN{hidden}1")

    said = str(refused.value)
    assert said.startswith("The serial ")
    assert f"U+{ord(hidden):04X}, place 3" in said
    assert hidden not in said


def test_length_is_bounded() -> None:
    longest = "7" * MOST_CHARACTERS
    assert identifier(f" {longest} ") == longest

    with pytest.raises(RequestError, match=r"The lot 7+\.\.\. has 201 characters"):
        Context(lot=longest + "7")


def test_records_of_older_programs_are_read_as_they_are() -> None:
    old = {"lot": " L-7 ", "serial": "SN1\r", "station": "\u202e", "inspector": "x" * 300}

    assert Context.on_record(old).model_dump() == old


def test_a_product_is_named_in_the_same_way() -> None:
    assert Product.from_key("\ufeffELPV/mono\r\n").key == "ELPV/mono"


@settings(max_examples=50)
@given(st.text())
def test_the_form_is_stable(text: str) -> None:
    once = composed(text)

    assert composed(once) == once
    assert composed(f"\u00a0{text}\r") == once
