"""Numbers of the command line, with a decimal point or a decimal comma."""

from __future__ import annotations

import argparse

import pytest

from core.domain.errors import AmbiguousNumberError
from core.infrastructure.named_values import named_values
from core.interfaces.cli.options import add_reading_options


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    add_reading_options(parser)
    return parser


def test_an_option_takes_a_comma(parser: argparse.ArgumentParser) -> None:
    assert parser.parse_args(["--value-range", "0,5", "12.5"]).value_range == [0.5, 12.5]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("1,234", "can be read as 1.234 or as 1234"),
        ("many", "'many' is not a number"),
        ("nan", "'nan' is not a number"),
    ],
)
def test_an_option_that_is_no_number_is_refused_with_a_sentence(
    parser: argparse.ArgumentParser, capsys: pytest.CaptureFixture[str], typed: str, sentence: str
) -> None:
    with pytest.raises(SystemExit):
        parser.parse_args(["--value-range", "0", typed])

    assert sentence in capsys.readouterr().err


def test_a_named_value_takes_a_comma_and_texts_stay_texts() -> None:
    pairs = ["cost=12,5", "share=0.5", "backbone=resnet18", "layers=[2,3]"]

    assert named_values(pairs, "--set") == {
        "cost": 12.5,
        "share": 0.5,
        "backbone": "resnet18",
        "layers": [2, 3],
    }
    with pytest.raises(AmbiguousNumberError):
        named_values(["cost=1,234"], "--set")
