"""compare: detectors and report writers side by side on one picture."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain import (
    InspectionRequest,
    Product,
    SideBySide,
    SideBySideColumn,
    WriterChoice,
)
from core.domain.errors import ProductError, RecordsError
from core.imaging.picture_files import PictureFile
from core.infrastructure.settings import settings
from core.interfaces.cli.options import add_language_options, show_progress, written

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from core.services.station import Station

WIDTH = 100


def add_command(commands: _SubParsersAction) -> None:
    compare = commands.add_parser(
        "compare", help="detectors and report writers side by side on one picture"
    )
    what = compare.add_mutually_exclusive_group(required=True)
    what.add_argument("image", nargs="?", type=Path, metavar="IMAGE")
    what.add_argument("--comparison", metavar="ID", help="an earlier comparison, to choose from")
    what.add_argument(
        "--win-rates", action="store_true", help="how often each detector and writer was chosen"
    )
    compare.add_argument(
        "--product", metavar="DATASET/CATEGORY", help="optional if only one product is taught"
    )
    compare.add_argument("--writers", type=_names, default=[], metavar="A,B", help="see `models`")
    compare.add_argument(
        "--detectors", type=_names, default=[], metavar="X,Y", help="detectors of the product"
    )
    add_language_options(compare)
    compare.add_argument(
        "--choose", type=int, metavar="N", help="make the Nth report that of the inspection"
    )
    compare.add_argument("--by", default="", metavar="NAME", help="who chooses")
    compare.add_argument("--maps", type=Path, metavar="DIR", help="anomaly maps as pictures")
    compare.add_argument("--json", action="store_true", help="one line of JSON")
    compare.set_defaults(run=_compare)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _compare(options: argparse.Namespace) -> int:
    from core.records.side_by_side import side_by_side
    from core.services.side_by_side import choose, put_side_by_side
    from core.services.station import Station

    with Station(settings()) as station:
        if options.win_rates:
            _print_win_rates(station)
            return 0
        if options.comparison:
            comparison = side_by_side(station.records, options.comparison)
            if options.choose is None:
                _print(comparison, as_json=options.json)
        else:
            comparison = put_side_by_side(
                station,
                InspectionRequest(
                    product=_product(station, options.product),
                    writing=WriterChoice(language=options.language, fresh=options.fresh),
                ),
                PictureFile.at(options.image),
                options.detectors,
                options.writers,
                on_progress=lambda done, count: show_progress("Writing", done / count),
            )
            _print(comparison, as_json=options.json)
            if options.maps is not None:
                _save_maps(station, comparison, options.maps)
        if options.choose is not None:
            inspection = choose(station, comparison.id, options.choose - 1, options.by)
            print(
                f"{comparison.columns[options.choose - 1].name} became the report of "
                f"{inspection.id}.",
                file=sys.stderr,
            )
    return 0


def _product(station: Station, key: str | None) -> Product:
    if key is not None:
        return station.product(key)
    taught = station.taught_products()
    if len(taught) == 1:
        return taught[0]
    raise ProductError(
        f"Name the product: --product DATASET/CATEGORY. Taught: "
        f"{', '.join(product.key for product in taught) or 'none yet'}."
    )


def _print(comparison: SideBySide, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_record(comparison), ensure_ascii=False))
        return
    first = comparison.columns[0]
    print(f"{comparison.id}  {comparison.product_key}  {first.inspection.image.filename}")
    for number, column in enumerate(comparison.columns, start=1):
        _print_column(number, column, first)


def _print_column(number: int, column: SideBySideColumn, first: SideBySideColumn) -> None:
    from core.reporting.differences import fields, marked
    from core.reporting.grounding import coverage

    judgement, writing = column.inspection.judgement, column.writing
    read = coverage(column.report, column.inspection.evidence)
    cost = "" if writing.cost_usd is None else f", {writing.cost_usd:.4f} USD"
    print(
        f"\n[{number}] {column.name}  {judgement.verdict.value}  score {judgement.score:.3f} "
        f"(review from {judgement.t_low:.3f}, fail from {judgement.t_high:.3f}), "
        f"{len(column.inspection.defects)} defects\n"
        f"    report {writing.outcome.value} in {writing.seconds:.1f} s, tokens "
        f"{_count_text(writing.input_tokens)} in, {_count_text(writing.output_tokens)} out{cost}; "
        f"{len(column.violations)} contradictions in the {read.held} of {read.sentences} sentences "
        "that rules can hold to the evidence"
    )
    if writing.reason:
        print(_wrapped("why", writing.reason))
    others = fields(first.report)
    for name, text in fields(column.report).items():
        if not text:
            continue
        # Brackets mark what the first report does not contain.
        pieces = [(text, False)] if number == 1 else marked(text, others.get(name, ""))
        print(_wrapped(name, "".join(_bracketed(*piece) for piece in pieces)))
    for remark in column.remarks:
        kind = "contradiction" if remark.is_violation else "note"
        print(_wrapped(f"{kind} in {remark.place}", remark.message))


def _bracketed(piece: str, is_own: bool) -> str:
    if not is_own:
        return piece
    words = piece.rstrip()
    return f"[{words}]{piece[len(words) :]}"


def _wrapped(name: str, text: str) -> str:
    return textwrap.fill(
        f"{name}: {text}", WIDTH, initial_indent="    ", subsequent_indent="      "
    )


def _count_text(tokens: int | None) -> str:
    return "unknown" if tokens is None else str(tokens)


def _record(comparison: SideBySide) -> dict[str, object]:
    from core.interfaces.inspection_json import inspection_record

    return {
        "id": comparison.id,
        "product": comparison.product_key,
        "chosen": comparison.chosen,
        "columns": [
            {
                "detector": column.detector,
                "writer": column.writer,
                "found": inspection_record(column.inspection),
                "report": column.report.model_dump(mode="json"),
                "writing": column.writing.model_dump(mode="json"),
                "remarks": [remark.model_dump(mode="json") for remark in column.remarks],
            }
            for column in comparison.columns
        ],
    }


def _save_maps(station: Station, comparison: SideBySide, folder: Path) -> None:
    from core.services.inspection_images import PDF_OVERLAY_OPACITY, overlay_png

    with written(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for column in comparison.columns:
            png = overlay_png(station, column.inspection, opacity=PDF_OVERLAY_OPACITY)
            (folder / f"{comparison.id}-{column.detector}.png").write_bytes(png)


def _print_win_rates(station: Station) -> None:
    from core.records.side_by_side import win_rates

    rates = win_rates(station.records)
    if not rates:
        raise RecordsError("No choice between detectors or writers is on record yet.")
    for rate in rates:
        print(f"{rate.kind:9} {rate.name:24} chosen {rate.won} of {rate.decided}")
