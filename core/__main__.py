"""Command line: `python -m core teach|policy|label|inspect|compare|models|...`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from core.commands import (
    bench,
    compare,
    doctor,
    evaluate,
    inspect,
    knowledge,
    label,
    mmad,
    models,
    policy,
    teach,
)
from core.detection.memory_guard import memory_guard
from core.errors import InspectionError

# As shells report a process that was stopped from the keyboard.
STOPPED = 130
COMMANDS = (
    teach,
    policy,
    label,
    inspect,
    compare,
    models,
    knowledge,
    evaluate,
    mmad,
    bench,
    doctor,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        Exit status: 0 when all went well, 1 when anything could not be done, 130 when it was
        stopped from the keyboard.
    """
    options = _parser().parse_args(arguments)
    try:
        with memory_guard("do this"):
            status = options.run(options)
            sys.stdout.flush()
            return status
    except InspectionError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; the version that was active before still is.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        # Whoever read the output, such as `head`, has enough; Python would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_command(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
