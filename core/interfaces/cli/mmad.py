"""mmad: put MMAD's multiple-choice questions to a report writer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain.errors import EvaluationError
from core.infrastructure.settings import settings
from core.interfaces.cli.options import show_progress

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_command(commands: _SubParsersAction) -> None:
    mmad = commands.add_parser("mmad", help="put MMAD's questions about pictures to a writer")
    mmad.add_argument("--questions", type=Path, required=True, metavar="FILE", help="mmad.json")
    shown = mmad.add_mutually_exclusive_group(required=True)
    shown.add_argument("--images", type=Path, metavar="FOLDER", help="folder of MMAD's data sets")
    shown.add_argument("--blind", action="store_true", help="show no pictures, to measure guessing")
    mmad.add_argument("--writer", required=True, metavar="KEY", help="see `models`")
    mmad.add_argument(
        "--answers",
        type=Path,
        required=True,
        metavar="FILE",
        help="file of the answers; an interrupted run is resumed from it",
    )
    mmad.add_argument(
        "--limit", type=int, metavar="N", help="number of questions, drawn at random (all)"
    )
    mmad.add_argument("--seed", type=int, default=0, help="seed of the draw (0)")
    mmad.add_argument(
        "--templates", type=int, default=1, metavar="N", help="normal parts beside a picture (1)"
    )
    mmad.add_argument("--json", action="store_true", help="figures as JSON")
    mmad.set_defaults(run=_mmad)


def _mmad(options: argparse.Namespace) -> int:
    from core.evaluation.mmad.figures import mmad_tables
    from core.evaluation.mmad.run import run_mmad

    if options.limit is not None and options.limit < 1:
        raise EvaluationError(f"--limit must be 1 or more, but is {options.limit}.")
    if not 0 <= options.templates <= 8:
        raise EvaluationError(f"--templates must be 0 to 8, but is {options.templates}.")
    figures = run_mmad(
        options.questions,
        options.images,
        options.writer,
        settings(),
        options.answers,
        limit=options.limit,
        seed=options.seed,
        templates=options.templates,
        on_progress=show_progress,
    )
    print(figures.model_dump_json(indent=2) if options.json else mmad_tables(figures))
    return 0
