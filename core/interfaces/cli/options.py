"""Options and output that several commands share."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

from core.detection.registry import DEFAULT_DETECTOR, DETECTORS
from core.domain import Language, identifier
from core.domain.decimals import decimal_number
from core.domain.errors import NumberError, OutputError
from core.domain.reading import BayerPattern, Reading, ValueBits


def typed_number(text: str) -> float:
    """Read a number of an option, with a decimal point or a decimal comma.

    Raises:
        argparse.ArgumentTypeError: if it is none, or can be read as two.
    """
    try:
        return decimal_number(text)
    except NumberError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_detector_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--detector", choices=DETECTORS, help=f"{DEFAULT_DETECTOR} unless another is named"
    )
    command.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the detector, such as backbone=wide_resnet50_2 or tile_px=1024; VALUE is JSON",
    )


def add_reading_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--bits",
        type=int,
        choices=get_args(ValueBits),
        help="that values in files of 16 bits use (default: as the files say, or their range)",
    )
    command.add_argument(
        "--value-range",
        nargs=2,
        type=typed_number,
        metavar=("LOW", "HIGH"),
        help="what is black and white in files of floating-point or 32-bit values",
    )
    command.add_argument(
        "--bayer",
        choices=get_args(BayerPattern),
        help="colours of the first four pixels, where grey pictures are raw ones of a camera",
    )


def reading_named(options: argparse.Namespace) -> Reading:
    """Return what the options of `add_reading_options` state.

    Raises:
        ProductError: if the range is none.
    """
    low, high = options.value_range or (None, None)
    return Reading.stated(options.bits, low, high, options.bayer)


def add_writer_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--writer",
        metavar="KEY",
        help="writer of the report (see `models`; default: LLM_MODEL)",
    )
    add_language_options(command)


def add_language_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--language",
        type=Language,
        choices=list(Language),
        help="language of the report (default: REPORT_LANGUAGE)",
    )
    command.add_argument(
        "--fresh",
        action="store_true",
        help="ask the model even if the part passed or the answer is cached",
    )


def person_named(name: str) -> str:
    """Return the person's name: the one given, or else the account that runs this process.

    It is empty if neither is known: in a container the user often has a number but no name.
    """
    given = identifier(name, "name")
    if given:
        return given
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


@contextmanager
def written(path: Path) -> Generator[None]:
    """Turn an OSError in the block into a sentence about the path.

    Raises:
        OutputError: instead of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{error.filename or path} could not be written: {error.strerror}. Name another place, "
            "or correct its permissions. Earlier records are kept."
        ) from error


def show_progress(step: str, share: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{step} {share:4.0%}   ", end="\n" if share == 1 else "", file=sys.stderr)
