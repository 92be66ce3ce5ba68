"""bench: measure speed and memory, and compare them with other tools."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.infrastructure.settings import settings
from core.interfaces.cli.options import show_progress, typed_number

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_command(commands: _SubParsersAction) -> None:
    bench = commands.add_parser("bench", help="compare speed and memory with other tools")
    what = bench.add_subparsers(required=True, metavar="WHAT")
    detection = what.add_parser("detection", help="our PatchCore and anomalib's, side by side")
    detection.add_argument(
        "--data", required=True, type=Path, metavar="FOLDER", help="labelled set"
    )
    detection.add_argument(
        "--rounds",
        type=_positive,
        default=3,
        help="rounds of learning; anomalib's take minutes (3)",
    )
    detection.add_argument("--json", action="store_true", help="figures as JSON")
    detection.set_defaults(run=_detection)
    tiling = what.add_parser("tiling", help="small marks on large pictures, whole and in tiles")
    tiling.add_argument("--json", action="store_true", help="figures as lines of JSON")
    tiling.set_defaults(run=_tiling)
    exemplars = what.add_parser(
        "exemplars", help="index of normal pictures: build, search, compare"
    )
    exemplars.add_argument(
        "--data", required=True, nargs="+", type=Path, metavar="FOLDER", help="of good pictures"
    )
    exemplars.add_argument("--json", action="store_true", help="a line of JSON for each folder")
    exemplars.set_defaults(run=_exemplars)
    conditions = what.add_parser(
        "conditions", help="how often pictures are said to be unlike those taught"
    )
    conditions.add_argument(
        "--data", required=True, nargs="+", type=Path, metavar="FOLDER", help="labelled sets"
    )
    conditions.add_argument("--json", action="store_true", help="a line of JSON for each set")
    conditions.set_defaults(run=_conditions)
    retrieval = what.add_parser("retrieval", help="the knowledge search among many entries")
    retrieval.add_argument("--entries", type=int, default=100_000, metavar="N")
    retrieval.add_argument("--json", action="store_true", help="figures as JSON")
    retrieval.set_defaults(run=_retrieval)
    records = what.add_parser("records", help="lists and charts, with many inspections on record")
    records.add_argument("--entries", type=_positive, default=1_000_000, metavar="N")
    records.add_argument("--json", action="store_true", help="figures as JSON")
    records.set_defaults(run=_records)
    operators = what.add_parser("operators", help="the console, with many inspecting at once")
    operators.add_argument("--operators", type=_positive, default=10, metavar="N")
    operators.add_argument(
        "--browsers", type=int, default=0, metavar="N", help="number of them in Chromium (0)"
    )
    operators.add_argument("--pictures", type=_positive, default=100, metavar="N")
    operators.add_argument(
        "--seconds", type=typed_number, default=60, help="longest duration in seconds (60)"
    )
    operators.add_argument(
        "--takt",
        type=typed_number,
        default=0,
        metavar="SECONDS",
        help="seconds between an operator's pictures, at least (0: no pause)",
    )
    operators.add_argument("--json", action="store_true", help="figures as JSON")
    operators.set_defaults(run=_operators)


def _detection(options: argparse.Namespace) -> int:
    from core.evaluation.benchmarks.patchcore_and_anomalib import compare_patchcores, speed_table
    from core.evaluation.detection.datasets import read_dataset

    figures = compare_patchcores(
        read_dataset(options.data), settings(), rounds=options.rounds, on_progress=show_progress
    )
    print(figures.model_dump_json(indent=2) if options.json else speed_table(figures))
    return 0


def _tiling(options: argparse.Namespace) -> int:
    from core.evaluation.benchmarks.tiling import compare_tiling, tiling_table

    figures = compare_tiling(settings(), on_progress=show_progress)
    if options.json:
        print("\n".join(way.model_dump_json() for way in figures))
    else:
        print(tiling_table(figures))
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _exemplars(options: argparse.Namespace) -> int:
    from core.evaluation.benchmarks.exemplars import COLUMNS, exemplar_row, measure_exemplars
    from core.evaluation.detection.tables import header
    from core.imaging.picture_files import pictures_at

    if not options.json:
        print(header(COLUMNS))
    for folder in options.data:
        name = folder.resolve().name
        if folder.is_dir() and (folder / "train" / "good").is_dir():
            folder = folder / "train" / "good"
        figures = measure_exemplars(pictures_at([folder]), name, settings())
        print(figures.model_dump_json() if options.json else exemplar_row(figures), flush=True)
    return 0


def _conditions(options: argparse.Namespace) -> int:
    from core.evaluation.benchmarks.conditions import COLUMNS, condition_row, measure_conditions
    from core.evaluation.detection.datasets import read_datasets
    from core.evaluation.detection.tables import header

    if not options.json:
        print(header(COLUMNS))
    for dataset in read_datasets(options.data):
        figures = measure_conditions(dataset, settings())
        print(figures.model_dump_json() if options.json else condition_row(figures), flush=True)
    return 0


def _retrieval(options: argparse.Namespace) -> int:
    from core.evaluation.benchmarks.knowledge import measure_retrieval, retrieval_table

    figures = measure_retrieval(options.entries, settings(), on_progress=show_progress)
    print(figures.model_dump_json(indent=2) if options.json else retrieval_table(figures))
    return 0


def _records(options: argparse.Namespace) -> int:
    from core.evaluation.benchmarks.records import many_records_table, measure_many_records

    figures = measure_many_records(options.entries, settings(), on_progress=show_progress)
    print(figures.model_dump_json(indent=2) if options.json else many_records_table(figures))
    return 0


def _operators(options: argparse.Namespace) -> int:
    from core.evaluation.benchmarks.operators import measure_operators, operators_table

    figures = measure_operators(
        settings(),
        operators=options.operators,
        browsers=min(options.browsers, options.operators),
        pictures=options.pictures,
        seconds=options.seconds,
        takt=options.takt,
        on_progress=show_progress,
    )
    print(figures.model_dump_json(indent=2) if options.json else operators_table(figures))
    return 1 if figures.errors else 0
