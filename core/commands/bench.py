"""bench: compare speed and memory with the tools that others use."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.commands.shared import show_progress
from core.settings import settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_command(commands: _SubParsersAction) -> None:
    bench = commands.add_parser("bench", help="compare speed and memory with other tools")
    what = bench.add_subparsers(required=True, metavar="WHAT")
    detection = what.add_parser("detection", help="our PatchCore and anomalib's, side by side")
    detection.add_argument(
        "--data", required=True, type=Path, metavar="FOLDER", help="in MVTec AD layout"
    )
    detection.add_argument("--json", action="store_true", help="figures as JSON")
    detection.set_defaults(run=_detection)
    retrieval = what.add_parser("retrieval", help="the knowledge search, among many entries")
    retrieval.add_argument("--entries", type=int, default=100_000, metavar="N")
    retrieval.add_argument("--json", action="store_true", help="figures as JSON")
    retrieval.set_defaults(run=_retrieval)


def _detection(options: argparse.Namespace) -> int:
    from core.evaluation.datasets import read_dataset
    from core.evaluation.speed import compare_patchcores, speed_table

    figures = compare_patchcores(read_dataset(options.data), settings(), on_progress=show_progress)
    print(figures.model_dump_json(indent=2) if options.json else speed_table(figures))
    return 0


def _retrieval(options: argparse.Namespace) -> int:
    from core.evaluation.retrieval_speed import measure_retrieval, retrieval_table

    figures = measure_retrieval(options.entries, settings(), on_progress=show_progress)
    print(figures.model_dump_json(indent=2) if options.json else retrieval_table(figures))
    return 0
