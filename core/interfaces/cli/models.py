"""models: list the report writers, and what each lacks to run here."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.infrastructure.settings import settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from core.reporting.availability import Availability
    from core.reporting.catalogue import Model

COLUMNS = ("key", "family", "runs on", "pictures", "USD in / out", "licence", "missing")
NOTES = (
    "USD: per million tokens of prompt / answer, on the day that models.toml names; "
    "?: not known. Pictures: at most, longer side in pixels."
)


def add_command(commands: _SubParsersAction) -> None:
    models = commands.add_parser(
        "models", help="list report writers, and what each lacks to run here"
    )
    models.add_argument("--family", metavar="NAME", help="only one, such as Claude or 'Gemma 3'")
    models.add_argument("--json", action="store_true", help="a line of JSON for each model")
    models.set_defaults(run=_models)


def _models(options: argparse.Namespace) -> int:
    from core.reporting.availability import ranked

    found = ranked(_chosen(options.family), settings())
    if options.json:
        for one in found:
            record = one.model.model_dump(mode="json")
            missing = [lack.sentence() for lack in one.missing]
            print(json.dumps(record | {"can_run": one.can_run, "missing": missing}))
        return 0
    print(_table([COLUMNS, *map(_row, found)]))
    print(f"\n{sum(one.can_run for one in found)} of {len(found)} can run here. {NOTES}")
    ends = [f"{one.model.key} {one.model.retires}" for one in found if one.model.retires]
    if ends:
        print(f"Days on which providers shut models down: {', '.join(ends)}.")
    return 0


def _chosen(family: str | None) -> list[Model]:
    """List the models of a family, regardless of case, or all.

    Raises:
        WriterError: if there is no such family.
    """
    from core.domain.errors import WriterError
    from core.reporting.catalogue import catalogue

    models = list(catalogue().values())
    if family is None:
        return models
    chosen = [model for model in models if model.family.lower() == family.lower()]
    if not chosen:
        known = dict.fromkeys(model.family for model in models)
        raise WriterError(f"There is no family {family!r}. Choose one of: {', '.join(known)}.")
    return chosen


def _row(one: Availability) -> tuple[str, ...]:
    model = one.model
    return (
        model.key,
        model.family,
        model.runs,
        f"{model.most_pictures} of {model.picture_side}" if model.images else "none",
        f"{_price(model.price_input)} / {_price(model.price_output)}",
        model.licence,
        "; ".join(lack.sentence() for lack in one.missing) or "nothing",
    )


def _price(usd: float | None) -> str:
    return "?" if usd is None else f"{usd:g}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Render a Markdown table that is also aligned in a terminal; the first row is its header."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    # The last column needs no padding, and some of its cells are long.
    widths[-1] = len(rows[0][-1])
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
