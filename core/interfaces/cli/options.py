"""What several commands share: a detector's options, and progress."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from core.detection.registry import DEFAULT_DETECTOR, DETECTORS
from core.domain import Language
from core.domain.errors import OutputError


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


def add_writer_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--writer",
        metavar="KEY",
        help="who writes the report (see `models`); as LLM_MODEL says unless given",
    )
    add_language_options(command)


def add_language_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--language",
        type=Language,
        choices=list(Language),
        help="of the report; as REPORT_LANGUAGE says unless given",
    )
    command.add_argument(
        "--fresh",
        action="store_true",
        help="ask the model even if the same was asked before, or the part passed",
    )


def person_named(name: str) -> str:
    """Who does it: the name that was given, else the account that runs this.

    Empty where neither is known: in a container the user often has a number and no name.
    """
    if name.strip():
        return name.strip()
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""


@contextmanager
def written(path: Path) -> Generator[None]:
    """Say in a sentence when what is written below cannot be.

    Raises:
        OutputError: instead of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{error.filename or path} could not be written: {error.strerror}. Name another place, "
            "or correct its rights; what was recorded before is kept."
        ) from error


def show_progress(step: str, share: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{step} {share:4.0%}   ", end="\n" if share == 1 else "", file=sys.stderr)
