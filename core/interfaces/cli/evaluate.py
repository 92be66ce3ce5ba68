"""evaluate: measure a detector, or the evidence, on labelled data."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from core.detection.registry import DEFAULT_DETECTOR
from core.domain.errors import EvaluationError
from core.infrastructure.named_values import named_values
from core.infrastructure.settings import settings
from core.interfaces.cli.options import (
    add_detector_options,
    add_reading_options,
    reading_named,
    show_progress,
    typed_number,
    written,
)

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_command(commands: _SubParsersAction) -> None:
    evaluate = commands.add_parser("evaluate", help="measure a detector or the evidence on labels")
    evaluate.add_argument(
        "what",
        nargs="?",
        choices=("detection", "retrieval"),
        default="detection",
        help="retrieval: knowledge search on questions and, with --data, exemplars and types",
    )
    evaluate.add_argument(
        "--data",
        nargs="+",
        type=Path,
        default=[],
        metavar="FOLDER",
        help="labelled set, laid out as MVTec AD, LOCO or BTAD, or with a table as VisA's",
    )
    evaluate.add_argument(
        "--limit",
        type=int,
        metavar="N",
        help="retrieval: largest number of test pictures in each set",
    )
    evaluate.add_argument("--seed", type=int, default=0)
    evaluate.add_argument("--json", action="store_true", help="a line of JSON for each folder")
    add_detector_options(evaluate)
    add_reading_options(evaluate)
    evaluate.add_argument("--out", type=Path, metavar="DIR", help="figures, curves, worst mistakes")
    evaluate.add_argument(
        "--cost-ratio", type=typed_number, metavar="X", help="cost of an escape in overkills"
    )
    evaluate.add_argument(
        "--prevalence", type=typed_number, metavar="P", help="share of defective parts"
    )
    evaluate.add_argument(
        "--review-cost", type=typed_number, metavar="X", help="cost of a review in overkills (0.1)"
    )
    evaluate.set_defaults(run=_evaluate)


def _evaluate(options: argparse.Namespace) -> int:
    if options.limit is not None and options.limit < 1:
        raise EvaluationError(f"--limit must be 1 or more, but is {options.limit}.")
    if options.what == "retrieval":
        return _retrieval(options)
    if not options.data:
        raise EvaluationError("Name the labelled sets: --data FOLDER...")
    if options.limit is not None:
        raise EvaluationError("--limit is an option of `evaluate retrieval` only. Leave it out.")
    return _detection(options)


def _retrieval(options: argparse.Namespace) -> int:
    from core.evaluation.detection.datasets import read_datasets
    from core.evaluation.retrieval.evidence import evaluate_evidence
    from core.evaluation.retrieval.questions import evaluate_knowledge, read_questions
    from core.evaluation.retrieval.tables import evidence_tables, question_table

    datasets = read_datasets(options.data)
    knowledge = evaluate_knowledge(read_questions(), settings(), seed=options.seed)
    print(knowledge.model_dump_json() if options.json else question_table(knowledge), flush=True)
    done = []
    for dataset in datasets:
        figures = evaluate_evidence(
            dataset,
            settings(),
            limit=options.limit,
            reading=reading_named(options),
            seed=options.seed,
            on_progress=show_progress,
        )
        if options.json:
            print(figures.model_dump_json(), flush=True)
        done.append(figures)
    if done and not options.json:
        print(f"\n{evidence_tables(done)}")
    return 0


def _detection(options: argparse.Namespace) -> int:
    from core.evaluation.detection import tables
    from core.evaluation.detection.costs import cost_rule
    from core.evaluation.detection.datasets import read_datasets
    from core.evaluation.detection.figures import evaluate_detection
    from core.evaluation.detection.plots import save_evaluation

    costs = cost_rule(options.cost_ratio, options.prevalence, options.review_cost)
    done = []
    for dataset in read_datasets(options.data):
        figures, judged = evaluate_detection(
            dataset,
            settings(),
            algorithm=options.detector or DEFAULT_DETECTOR,
            options=named_values(options.option, "--option"),
            reading=reading_named(options),
            costs=costs,
            seed=options.seed,
            on_progress=show_progress,
        )
        if not done and not options.json:
            print(tables.header(tables.DETECTION_COLUMNS))
        print(figures.model_dump_json() if options.json else tables.detection_row(figures))
        sys.stdout.flush()
        if options.out is not None:
            with written(options.out):
                save_evaluation(options.out / dataset.name, figures, judged, settings())
        done.append(figures)
    if not options.json:
        print(f"\n{tables.further_tables(done)}")
    return 0
