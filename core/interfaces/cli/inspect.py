"""inspect: judge pictures."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.detection.registry import DETECTORS
from core.domain import (
    Context,
    EvidenceChoice,
    Inspection,
    InspectionRequest,
    Outcome,
    Refusal,
    Revision,
    Verdict,
    WriterChoice,
)
from core.imaging.picture_files import PictureFile, pictures_at
from core.infrastructure.settings import settings
from core.interfaces.cli.options import add_writer_options, written

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from core.services.station import Station


def add_command(commands: _SubParsersAction) -> None:
    inspect = commands.add_parser("inspect", help="judge pictures, or all pictures of a folder")
    inspect.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    inspect.add_argument("--product", required=True, metavar="DATASET/CATEGORY")
    inspect.add_argument(
        "--detector", choices=DETECTORS, help="that judges; the active one unless given"
    )
    for name in Context.model_fields:
        inspect.add_argument(f"--{name}", default="")
    inspect.add_argument("--json", action="store_true", help="a line of JSON for each picture")
    inspect.add_argument("--timing", action="store_true", help="how long each step took")
    inspect.add_argument(
        "--pdf", type=Path, metavar="OUT", help="a file, or a folder for several pictures"
    )
    inspect.add_argument("--maps", type=Path, metavar="DIR", help="anomaly maps as float32 .npy")
    for name, what in (("exemplars", "similar normal parts"), ("knowledge", "knowledge")):
        inspect.add_argument(
            f"--{name}",
            action=argparse.BooleanOptionalAction,
            help=f"look up {what}, or not (default: the settings)",
        )
    add_writer_options(inspect)
    inspect.set_defaults(run=_inspect)


def _inspect(options: argparse.Namespace) -> int:
    from core.services.inspection import inspect_all
    from core.services.station import Station

    pictures = _pictures(options.images)
    verdicts = Counter[str]()
    refusals: list[Refusal] = []
    with Station(settings()) as station:
        request = InspectionRequest(
            product=station.product(options.product),
            detector=options.detector,
            context=Context(**{name: getattr(options, name) for name in Context.model_fields}),
            evidence=EvidenceChoice(exemplars=options.exemplars, knowledge=options.knowledge),
            writing=WriterChoice(
                writer=options.writer, language=options.language, fresh=options.fresh
            ),
        )
        for number, inspection in enumerate(inspect_all(station, request, pictures), start=1):
            if isinstance(inspection, Refusal):
                refusals.append(inspection)
                _print_refusal(inspection, as_json=options.json)
                continue
            verdicts[inspection.judgement.verdict.value] += 1
            _print_inspection(inspection, as_json=options.json, timing=options.timing)
            if options.maps is not None:
                anomaly_map = station.files.read_map(inspection.map_sha256)
                with written(options.maps):
                    _save_map(options.maps, inspection, anomaly_map, number)
            if options.pdf is not None:
                _print_pdf(station, inspection, options.pdf, len(pictures))
    if len(pictures) > 1:
        # Beside the lines of JSON, which a program reads.
        print(_account(verdicts, refusals), file=sys.stderr if options.json else sys.stdout)
    return 1 if any(refusal.is_of_part for refusal in refusals) else 0


def _account(verdicts: Counter[str], refusals: Sequence[Refusal]) -> str:
    """Say how many pictures were inspected, and which were left out."""
    said = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in Verdict if verdicts[verdict])
    text = f"{verdicts.total()} inspected{f' ({said})' if said else ''}, {len(refusals)} left out"
    return f"{text}: {', '.join(refusal.filename for refusal in refusals)}" if refusals else text


def _pictures(paths: Sequence[Path]) -> list[PictureFile]:
    """List the pictures of all paths; a missing one is refused when it is inspected."""
    pictures: list[PictureFile] = []
    for path in paths:
        pictures += pictures_at([path]) if path.is_dir() else [PictureFile.at(path)]
    return pictures


def _print_inspection(inspection: Inspection, *, as_json: bool, timing: bool) -> None:
    from core.interfaces.inspection_json import inspection_record

    if as_json:
        print(json.dumps(inspection_record(inspection), ensure_ascii=False), flush=True)
        return
    judgement = inspection.judgement
    print(
        f"{judgement.verdict.value:6} {inspection.image.filename}  score {judgement.score:.3f} "
        f"(review from {judgement.t_low:.3f}, fail from {judgement.t_high:.3f}; above "
        f"{judgement.percent_below} % of normals), {len(inspection.defects)} defects  "
        f"{inspection.id}",
        flush=True,
    )
    if (seen := inspection.seen_before) is not None:
        print(
            f"       note: seen before on {seen:%Y-%m-%d %H:%M} UTC: the same picture does not "
            "count as another first pass"
        )
    far = inspection.likeness is not None and inspection.likeness.is_far
    evidence = (inspection.likeness.sentence(),) if far else ()
    unlike = (each.sentence() for each in inspection.image.unlike)
    said = (*inspection.image.notices, *unlike, *inspection.judgement.notices(), *evidence)
    for sentence in said:
        print(f"       note: {sentence}")
    for revision in inspection.revisions:
        _print_writing(revision)
    for step in inspection.steps:
        if timing or step.status == "failed":
            print(
                f"       {step.name:14} {step.seconds * 1000:8.1f} ms {step.status} {step.reason}"
            )


def _print_writing(revision: Revision) -> None:
    writing = revision.writing
    if writing is not None and writing.outcome is not Outcome.WRITTEN:
        print(f"       report by {writing.writer}: {writing.outcome.value}. {writing.reason}")
    for remark in revision.violations:
        print(f"       report, {remark.place}: {remark.message}")


def _print_refusal(refusal: Refusal, *, as_json: bool) -> None:
    if as_json:
        record = {"file": refusal.filename, "error": refusal.sentence}
        print(json.dumps(record, ensure_ascii=False), flush=True)
    else:
        kind = "Error" if refusal.is_of_part else "Note"
        print(f"{kind}: {refusal.sentence}", file=sys.stderr)


def _save_map(folder: Path, inspection: Inspection, anomaly_map: np.ndarray, number: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = Path(inspection.image.filename).stem
    path = folder / f"{name}.npy"
    # Pictures of several folders may share a name; their maps must not overwrite each other.
    np.save(path if not path.exists() else folder / f"{name}-{number}.npy", anomaly_map)


def _print_pdf(station: Station, inspection: Inspection, out: Path, pictures: int) -> None:
    """Print a report, unless a person is to judge the part before anybody reads it."""
    from core.records.audits import finding_is_sealed
    from core.services.inspection_images import report_pdf

    if finding_is_sealed(station.records, inspection.id):
        print(
            f"       no PDF of {inspection.image.filename} yet: it was drawn for an audit; decide "
            "on it in Review first",
            file=sys.stderr,
        )
        return
    pdf = report_pdf(station, inspection)
    with written(out):
        _save_pdf(out, inspection, pdf, pictures)


def _save_pdf(out: Path, inspection: Inspection, pdf: bytes, pictures: int) -> None:
    path = out if pictures == 1 and out.suffix else out / f"{inspection.id}.pdf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pdf)
    print(f"       {path}", file=sys.stderr)
