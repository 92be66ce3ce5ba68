"""Command line: `python -m core teach|policy|inspect|knowledge|evaluate|bench ...`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from core.commands import bench, evaluate, inspect, knowledge, policy, teach
from core.errors import InspectionError

COMMANDS = (teach, policy, inspect, knowledge, evaluate, bench)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        Exit status: 0 when all went well, 1 when anything could not be done.
    """
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except InspectionError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_command(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
