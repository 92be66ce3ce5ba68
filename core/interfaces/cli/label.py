"""label: learn what a product's defect types look like."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain import identifier
from core.domain.errors import ProductError
from core.imaging.folder_contents import readable
from core.infrastructure.settings import settings
from core.interfaces.cli.options import show_progress

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from core.services.defect_labels import Labelling


def add_command(commands: _SubParsersAction) -> None:
    label = commands.add_parser(
        "label", help="learn a product's defect types from labelled defects"
    )
    label.add_argument("--product", required=True, metavar="DATASET/CATEGORY")
    source = label.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="folder with test/<defect type> and ground_truth",
    )
    source.add_argument(
        "--signed", action="store_true", help="use the types named in signed reports"
    )
    label.add_argument("--by", default="", help="person who vouches for the labels")
    label.set_defaults(run=_label)


def _label(options: argparse.Namespace) -> int:
    from core.evaluation.detection.datasets import read_test_pictures
    from core.services.defect_labels import LabelledPicture, label_from_records, label_pictures
    from core.services.station import Station

    by = identifier(options.by, "name")
    if not by:
        raise ProductError("Labels need a person who vouches for them: --by NAME.")
    with Station(settings()) as station:
        product = station.product(options.product)
        if options.signed:
            labelling = label_from_records(station, product, by=by)
        else:
            pictures = [
                LabelledPicture(item.picture, item.defect_type, item.truth)
                for item in read_test_pictures(options.data)
                if item.is_defective
            ]
            labelling = label_pictures(
                station,
                product,
                pictures,
                origin=readable(options.data.resolve().name),
                by=by,
                on_progress=show_progress,
            )
    _print_labelling(product.key, labelling)
    return 0


def _print_labelling(product_key: str, labelling: Labelling) -> None:
    from core.statistics.intervals import exact_rate

    crops = labelling.crops
    for sentence in labelling.skipped:
        print(f"Note: {sentence}")
    named = ", ".join(f"{name} on {count}" for name, count in crops.pictures().items())
    print(f"{product_key}: {labelling.added} defects labelled; pictures by type now: {named}.")
    is_right = [
        label.defect_type == max(likeness, key=likeness.__getitem__)
        for label, likeness in crops.left_out
        if likeness
    ]
    first = exact_rate(sum(is_right), len(is_right))
    if first is not None:
        print(
            f"Left out in turn, the right type comes first for {first.count} of {first.out_of} "
            f"({first.share:.0%}, 95 % interval {first.low:.0%} to {first.high:.0%})."
        )
    calibration = crops.calibration
    print(
        "Types are ranked without a probability: that takes 10 pictures of each type on which the "
        "detector finds the defect, and similarities that agree with the labels."
        if calibration is None
        else calibration.sentence()
    )
