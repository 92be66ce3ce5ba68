"""Write down what each command of `python -m core` says when it is asked for `--help`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from unittest.mock import patch

from core.interfaces.cli.main import command_parser

COLUMNS = "100"


def commands_help() -> str:
    """Give the help of every command, one section each."""
    # argparse fits its lines to the terminal: the documents must not depend on whose it is.
    with patch.dict(os.environ, {"COLUMNS": COLUMNS, "NO_COLOR": "1"}):
        sections = [
            f"## {parser.prog.removeprefix('python -m core ')}\n\n"
            f"```text\n{parser.format_help().rstrip()}\n```"
            for parser in _leaves(command_parser())
        ]
    return "\n\n".join(sections)


def _leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """List the parsers that run something: those without subcommands of their own."""
    below = [
        command
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for command in action.choices.values()
    ]
    if not below:
        yield parser
    for command in below:
        yield from _leaves(command)
