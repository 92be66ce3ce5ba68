"""Command line: `python -m core teach|activate|policy|label|inspect|compare|models|...`."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from core.domain.errors import InspectionError
from core.infrastructure.extras import library_guard
from core.infrastructure.memory import memory_guard
from core.infrastructure.unforeseen import unforeseen
from core.interfaces.cli import (
    activate,
    bench,
    compare,
    doctor,
    evaluate,
    inspect,
    knowledge,
    label,
    mmad,
    models,
    pack,
    policy,
    teach,
)
from core.interfaces.cli.error_log import errors_logged

COMMANDS = (
    teach,
    activate,
    policy,
    label,
    inspect,
    compare,
    models,
    knowledge,
    evaluate,
    mmad,
    bench,
    pack,
    doctor,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        Exit status: 0 on success, 1 if anything could not be done. When interrupted from the
        keyboard, the process ends by the signal instead, which a shell reports as 130.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name may hold characters that the terminal's encoding lacks: no reason to stop.
            stream.reconfigure(errors="backslashreplace")
    options = command_parser().parse_args(arguments)
    with errors_logged():
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    try:
        with memory_guard("do this"), library_guard("do this"):
            status = options.run(options)
            sys.stdout.flush()
            return status
    except InspectionError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; the version that was active before still is.", file=sys.stderr)
        _end_as_interrupted()
    except BrokenPipeError:
        # The reader, such as `head`, closed the pipe; Python would complain on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        print(f"Error: {unforeseen('The command could not be done', error)}", file=sys.stderr)
        return 1


def _end_as_interrupted() -> NoReturn:
    """End the process by SIGINT: a shell's loop stops only if its command ended that way.

    An exit status would not always take effect either: if the interrupt hits code inside `exec`,
    `python -m` ends by the signal whatever the status (seen in CPython 3.11).
    """
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.raise_signal(signal.SIGINT)
    raise AssertionError("a process outlives no SIGINT that it leaves to the system")


def command_parser() -> argparse.ArgumentParser:
    """Give the parser of all commands; its help is what `docs/command-line.md` shows."""
    parser = argparse.ArgumentParser(prog="python -m core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_command(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
