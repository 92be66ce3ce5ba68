"""Write the parts of the documents that the program itself knows: `python -m docs.generate`."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from core.interfaces.api import api
from docs.commands import commands_help
from docs.rooms import rooms_picture, rooms_table

REPOSITORY = Path(__file__).parents[1]
DOCS = REPOSITORY / "docs"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end of generated -->)", re.DOTALL)


def generated() -> dict[Path, str]:
    """Give every file that holds something generated, as it should stand now.

    Raises:
        KeyError: if a document asks for a block that nothing generates.
    """
    blocks = {
        "rooms": rooms_picture(REPOSITORY),
        "purposes": rooms_table(REPOSITORY),
        "commands": commands_help(),
    }
    files = {
        path: BLOCK.sub(lambda found: f"{found[1]}{blocks[found[2]]}\n{found[3]}", text)
        for path in sorted(DOCS.glob("*.md"))
        if BLOCK.search(text := path.read_text("utf-8"))
    }
    return files | {DOCS / "openapi.json": json.dumps(_schema(), indent=2) + "\n"}


def outdated() -> list[Path]:
    """Name the files that no longer say what the program says.

    Where a line breaks is not compared: versions of Python wrap argparse's help differently.
    """
    return [
        path
        for path, text in generated().items()
        if not path.is_file() or path.read_text("utf-8").split() != text.split()
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the generated parts, or with --check say which are outdated.

    Returns:
        Exit status: 1 when --check found an outdated file.
    """
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if outdated")
    if parser.parse_args(arguments).check:
        names = [path.name for path in outdated()]
        if names:
            print(f"Outdated: {', '.join(names)}. Run: python -m docs.generate", file=sys.stderr)
        return 1 if names else 0
    for path, text in generated().items():
        path.write_text(text, "utf-8")
    return 0


def _schema() -> dict[str, object]:
    """Return the REST schema as /api/openapi.json gives it, where the mount adds the server."""
    return {**api.openapi(), "servers": [{"url": "/api"}]}


if __name__ == "__main__":
    sys.exit(main())
