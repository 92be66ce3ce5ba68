"""Draw the rooms of `core/` and the imports between them, read from the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

Arrows = Mapping[str, set[str]]


def rooms_picture(repository: Path) -> str:
    """Draw which room imports which, as a Mermaid flowchart.

    An arrow that other arrows lead to as well is left out: the picture shows the order, not every
    import.
    """
    arrows = imports(repository)
    outside = {"app": "app.py", "pages": "pages/"}
    rooms = _from_the_top(arrows)
    lines = [f"    {room}[{outside.get(room, f'core/{room}/')}]" for room in rooms]
    kept = without_shortcuts(arrows)
    for room in rooms:
        lines += [f"    {room} --> {other}" for other in rooms if other in kept[room]]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```"])


def rooms_table(repository: Path) -> str:
    """List the rooms from the top, with the first sentence that each says of itself."""
    rows = ["| room | what it holds |", "|---|---|"]
    folders = _rooms(repository)
    for name in _from_the_top(imports(repository)):
        if name in folders:
            path = folders[name] / "__init__.py"
            said = ast.get_docstring(ast.parse(path.read_text("utf-8")))
            assert said, f"{path} has no docstring"
            rows.append(f"| `core/{name}/` | {said.splitlines()[0]} |")
    return "\n".join(rows)


def imports(repository: Path) -> dict[str, set[str]]:
    """Find which room imports which; `app` and `pages` count as rooms here."""
    places = {"app": [repository / "app.py"], "pages": sorted((repository / "pages").rglob("*.py"))}
    for name, folder in _rooms(repository).items():
        places[name] = sorted(folder.rglob("*.py"))
    return {
        room: {
            other
            for path in paths
            for module in _imported(ast.parse(path.read_text("utf-8")))
            if (other := _room_of(module)) in places and other != room
        }
        for room, paths in places.items()
    }


def without_shortcuts(arrows: Arrows) -> dict[str, set[str]]:
    """Leave out each arrow whose end the other arrows reach from the same beginning.

    Example:
        >>> without_shortcuts({"a": {"b", "c"}, "b": {"c"}, "c": set()})
        {'a': {'b'}, 'b': {'c'}, 'c': set()}
    """
    kept = {room: set(below) for room, below in arrows.items()}
    for room, below in arrows.items():
        for other in sorted(below):
            kept[room].remove(other)
            if other not in _reached(kept, room):
                kept[room].add(other)
    return kept


def _from_the_top(arrows: Arrows) -> list[str]:
    """Order the rooms so that imports point downward: who reaches more stands higher."""
    return sorted(arrows, key=lambda room: (-len(_reached(arrows, room)), room))


def _reached(arrows: Arrows, start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = arrows[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def _rooms(repository: Path) -> dict[str, Path]:
    folders = sorted((repository / "core").iterdir())
    return {folder.name: folder for folder in folders if (folder / "__init__.py").is_file()}


def _room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if parts[0] == "core" and len(parts) > 1 else parts[0]


def _imported(node: ast.AST) -> Iterator[str]:
    """List the modules that a tree imports when it runs, without those for type checkers."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif not (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")):
        for child in ast.iter_child_nodes(node):
            yield from _imported(child)
