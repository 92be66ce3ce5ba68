"""Command line: `python -m core teach|inspect|evaluate ...`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.detection.registry import DEFAULT_DETECTOR, DETECTORS
from core.domain import Context, Inspection, Product
from core.errors import DetectorError, ImageError, InspectionError, ProductError
from core.settings import settings
from core.sources import DEMO_PRODUCT_KEY, PictureFile, demo_normals, pictures_at


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

    teach = commands.add_parser("teach", help="learn a product from pictures of good parts")
    what = teach.add_mutually_exclusive_group(required=True)
    what.add_argument("--product", metavar="DATASET/CATEGORY")
    what.add_argument("--demo", action="store_true", help="the demo product, ELPV solar cells")
    teach.add_argument("--images", type=Path, metavar="FOLDER", help="with --product")
    teach.add_argument("--mm-per-px", type=float, metavar="X", help="scale of the pictures")
    teach.add_argument("--seed", type=int, default=0)
    _add_detector_options(teach)
    how = teach.add_mutually_exclusive_group()
    how.add_argument(
        "--cross-fit",
        action="store_true",
        help="train on every picture; the threshold is then an estimate",
    )
    how.add_argument(
        "--add", action="store_true", help="add the pictures to what the product has learned"
    )
    how.add_argument(
        "--anomalib",
        type=Path,
        metavar="CKPT",
        help="take this Patchcore that anomalib trained; the pictures set its threshold",
    )
    teach.set_defaults(run=_teach)

    inspect = commands.add_parser("inspect", help="judge pictures, or all pictures of a folder")
    inspect.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    inspect.add_argument("--product", required=True, metavar="DATASET/CATEGORY")
    for name in Context.model_fields:
        inspect.add_argument(f"--{name}", default="")
    inspect.add_argument("--json", action="store_true", help="a line of JSON for each picture")
    inspect.add_argument("--timing", action="store_true", help="how long each step took")
    inspect.add_argument(
        "--pdf", type=Path, metavar="OUT", help="a file, or a folder for several pictures"
    )
    inspect.add_argument("--maps", type=Path, metavar="DIR", help="anomaly maps as float32 .npy")
    inspect.set_defaults(run=_inspect)

    evaluate = commands.add_parser("evaluate", help="measure a detector on labelled data")
    evaluate.add_argument(
        "--data", required=True, nargs="+", type=Path, metavar="FOLDER", help="in MVTec AD layout"
    )
    evaluate.add_argument("--seed", type=int, default=0)
    evaluate.add_argument("--json", action="store_true", help="a line of JSON for each folder")
    _add_detector_options(evaluate)
    evaluate.add_argument("--out", type=Path, metavar="DIR", help="figures, curves, worst mistakes")
    evaluate.add_argument(
        "--cost-ratio", type=float, metavar="X", help="cost of an escape in overkills"
    )
    evaluate.add_argument("--prevalence", type=float, metavar="P", help="share of defective parts")
    evaluate.set_defaults(run=_evaluate)
    return parser


def _add_detector_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--detector", default=DEFAULT_DETECTOR, choices=DETECTORS)
    command.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the detector, such as backbone=wide_resnet50_2 or tile_px=1024; VALUE is JSON",
    )


def _teach(options: argparse.Namespace) -> int:
    from core.relearning import add_normals, adopt_anomalib_checkpoint
    from core.teaching import teach
    from core.workbench import Workbench

    if options.demo:
        product, pictures = Product.from_key(DEMO_PRODUCT_KEY), demo_normals()
    else:
        if options.images is None:
            raise ProductError("Name the folder of good pictures: --images FOLDER.")
        if not options.images.is_dir():
            raise ImageError(f"--images must name a folder of pictures, not {options.images}.")
        if options.mm_per_px is not None and options.mm_per_px <= 0:
            raise ProductError(f"--mm-per-px must be above 0, but is {options.mm_per_px}.")
        product = Product.from_key(options.product, options.mm_per_px)
        pictures = pictures_at([options.images])
    with Workbench(settings()) as bench:
        if options.add:
            product = bench.product(product.key)
            card = add_normals(bench, product, pictures, on_progress=_show_progress)
        elif options.anomalib is not None:
            card = adopt_anomalib_checkpoint(
                bench, product, options.anomalib, pictures, on_progress=_show_progress
            )
        else:
            card = teach(
                bench,
                product,
                pictures,
                algorithm=options.detector,
                options=_detector_options(options.option),
                cross_fit=options.cross_fit,
                seed=options.seed,
                on_progress=_show_progress,
            )
        calibration = bench.taught(product).calibration
    for sentence in (*card.skipped, *card.notices):
        print(f"Note: {sentence}")
    print(
        f"{product.key} taught from {len(card.images)} good pictures in "
        f"{sum(card.seconds.values()):.1f} s; version {card.detector.version}.\n"
        f"{calibration.false_alarm.sentence()}"
    )
    return 0


def _detector_options(pairs: Sequence[str]) -> dict[str, Any]:
    """NAME=VALUE pairs; a value that is no JSON is taken as text."""
    options: dict[str, Any] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            raise DetectorError(f"--option must be NAME=VALUE, not {pair!r}.")
        try:
            options[name] = json.loads(value)
        except json.JSONDecodeError:
            options[name] = value
    return options


def _inspect(options: argparse.Namespace) -> int:
    from core.inspection import inspect
    from core.workbench import Workbench

    context = Context(**{name: getattr(options, name) for name in Context.model_fields})
    failed = False
    pictures = _pictures(options.images)
    with Workbench(settings()) as bench:
        product = bench.product(options.product)
        bench.taught(product)  # a product without a detector is one error, not one a picture
        for number, picture in enumerate(pictures, start=1):
            try:
                inspection = inspect(bench, picture, product, context=context)
            except ImageError as error:
                failed = True
                _print_refusal(picture, error, as_json=options.json)
                continue
            _print_inspection(inspection, as_json=options.json, timing=options.timing)
            if options.maps is not None:
                anomaly_map = bench.files.read_map(inspection.map_sha256)
                _save_map(options.maps, inspection, anomaly_map, number)
            if options.pdf is not None:
                from core.documents import report_pdf

                _save_pdf(options.pdf, inspection, report_pdf(bench, inspection), len(pictures))
    return 1 if failed else 0


def _evaluate(options: argparse.Namespace) -> int:
    from core.evaluation import tables
    from core.evaluation.costs import cost_rule
    from core.evaluation.datasets import read_datasets
    from core.evaluation.detection import evaluate_detection
    from core.evaluation.plots import save_evaluation

    costs = cost_rule(options.cost_ratio, options.prevalence)
    done = []
    for dataset in read_datasets(options.data):
        figures, judged = evaluate_detection(
            dataset,
            settings(),
            algorithm=options.detector,
            options=_detector_options(options.option),
            costs=costs,
            seed=options.seed,
            on_progress=_show_progress,
        )
        if not done and not options.json:
            print(tables.header(tables.DETECTION_COLUMNS))
        print(figures.model_dump_json() if options.json else tables.detection_row(figures))
        sys.stdout.flush()
        if options.out is not None:
            save_evaluation(options.out / dataset.name, figures, judged, settings())
        done.append(figures)
    if not options.json:
        print(f"\n{tables.further_tables(done)}")
    return 0


def _pictures(paths: Sequence[Path]) -> list[PictureFile]:
    """Pictures of all paths; one that does not exist is refused when its turn comes."""
    pictures: list[PictureFile] = []
    for path in paths:
        pictures += pictures_at([path]) if path.is_dir() else [PictureFile.at(path)]
    return pictures


def _print_inspection(inspection: Inspection, *, as_json: bool, timing: bool) -> None:
    from core.wire import inspection_record

    if as_json:
        print(json.dumps(inspection_record(inspection), ensure_ascii=False), flush=True)
        return
    judgement = inspection.judgement
    print(
        f"{judgement.verdict.value:6} {inspection.image.filename}  score {judgement.score:.3f} "
        f"(review from {judgement.t_low:.3f}, fail from {judgement.t_high:.3f}; above "
        f"{judgement.percentile:.0f} % of normals), {len(inspection.defects)} defects  "
        f"{inspection.id}",
        flush=True,
    )
    for sentence in inspection.image.notices:
        print(f"       note: {sentence}")
    for step in inspection.steps:
        if timing or step.status == "failed":
            print(
                f"       {step.name:14} {step.seconds * 1000:8.1f} ms {step.status} {step.reason}"
            )


def _print_refusal(picture: PictureFile, error: ImageError, *, as_json: bool) -> None:
    if as_json:
        record = {"file": picture.filename, "error": str(error)}
        print(json.dumps(record, ensure_ascii=False), flush=True)
    else:
        print(f"Error: {error}", file=sys.stderr)


def _save_map(folder: Path, inspection: Inspection, anomaly_map: np.ndarray, number: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = Path(inspection.image.filename).stem
    path = folder / f"{name}.npy"
    # Pictures of several folders may share a name: none overwrites another's map.
    np.save(path if not path.exists() else folder / f"{name}-{number}.npy", anomaly_map)


def _save_pdf(out: Path, inspection: Inspection, pdf: bytes, pictures: int) -> None:
    path = out if pictures == 1 and out.suffix else out / f"{inspection.id}.pdf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pdf)
    print(f"       {path}", file=sys.stderr)


def _show_progress(step: str, share: float) -> None:
    if sys.stderr.isatty():
        print(f"\r{step} {share:4.0%}   ", end="\n" if share == 1 else "", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
