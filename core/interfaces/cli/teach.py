"""teach: learn a product from pictures of good parts."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.detection.registry import DEFAULT_DETECTOR
from core.domain import Product
from core.domain.errors import DetectorError, ImageError, ProductError
from core.imaging.picture_files import DEMO_PRODUCT_KEY, demo_normals, pictures_at
from core.infrastructure.named_values import named_values
from core.infrastructure.settings import settings
from core.interfaces.cli.activate import how_to_activate, show_comparison
from core.interfaces.cli.options import (
    add_detector_options,
    add_reading_options,
    person_named,
    reading_named,
    show_progress,
    typed_number,
)

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from core.detection.checkpoints import Card
    from core.services.station import Station


# An existing detector keeps its algorithm, options and seed; the demo keeps its pictures.
WITHOUT_EFFECT = {
    "add": ("detector", "option", "seed", "mm_per_px", "bits", "value_range", "bayer"),
    "anomalib": ("detector", "option", "seed"),
    "demo": ("images", "mm_per_px", "bits", "value_range", "bayer"),
}


def add_command(commands: _SubParsersAction) -> None:
    teach = commands.add_parser("teach", help="learn a product from pictures of good parts")
    what = teach.add_mutually_exclusive_group(required=True)
    what.add_argument("--product", metavar="DATASET/CATEGORY")
    what.add_argument("--demo", action="store_true", help="the demo product, ELPV solar cells")
    teach.add_argument("--images", type=Path, metavar="FOLDER", help="with --product")
    teach.add_argument("--mm-per-px", type=typed_number, metavar="X", help="scale of the pictures")
    teach.add_argument("--seed", type=int, help="seed of every random choice (default: 0)")
    teach.add_argument(
        "--by", default="", metavar="NAME", help="person who teaches (default: this account)"
    )
    add_detector_options(teach)
    add_reading_options(teach)
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
        help="import this Patchcore trained by anomalib; the pictures set its threshold",
    )
    teach.add_argument(
        "--confirm",
        default="",
        metavar="REASON",
        help="with --add: why pictures that are unlike everything taught show good parts",
    )
    teach.set_defaults(run=_teach)


def _refuse_without_effect(options: argparse.Namespace) -> None:
    for mode, names in WITHOUT_EFFECT.items():
        if not getattr(options, mode):
            continue
        for name in names:
            if getattr(options, name) not in (None, []):
                raise DetectorError(
                    f"--{name.replace('_', '-')} has no effect with --{mode}. Leave it out."
                )


def _teach(options: argparse.Namespace) -> int:
    from core.detection.checkpoints import read_calibration
    from core.services.relearning import add_normals, adopt_anomalib_checkpoint
    from core.services.station import Station
    from core.services.teaching import teach

    _refuse_without_effect(options)
    if options.confirm and not options.add:
        raise DetectorError("--confirm has no effect without --add. Leave it out.")
    by = person_named(options.by)
    if options.demo:
        product, pictures = Product.from_key(DEMO_PRODUCT_KEY), demo_normals()
    else:
        if options.images is None:
            raise ProductError("Name the folder of good pictures: --images FOLDER.")
        if not options.images.is_dir():
            raise ImageError(f"--images must name a folder of pictures, not {options.images}.")
        product = Product.from_key(options.product, options.mm_per_px)
        pictures = pictures_at([options.images])
    with Station(settings()) as station:
        if options.add:
            product = station.product(product.key)
            card = add_normals(
                station,
                product,
                pictures,
                by=by,
                confirmed=options.confirm,
                on_progress=show_progress,
            )
        elif options.anomalib is not None:
            card = adopt_anomalib_checkpoint(
                station,
                product,
                options.anomalib,
                pictures,
                reading=reading_named(options),
                by=by,
                on_progress=show_progress,
            )
        else:
            card = teach(
                station,
                product,
                pictures,
                algorithm=options.detector or DEFAULT_DETECTOR,
                options=named_values(options.option, "--option"),
                reading=reading_named(options),
                cross_fit=options.cross_fit,
                seed=options.seed or 0,
                by=by,
                on_progress=show_progress,
            )
        for sentence in (*card.skipped, *card.notices):
            print(f"Note: {sentence}")
        print(
            f"{product.key} taught from {len(card.images)} good pictures in "
            f"{sum(card.seconds.values()):.1f} s; version {card.detector.version}.\n"
            f"{read_calibration(station.settings, card).false_alarm.sentence()}"
        )
        _say_if_candidate(station, card)
    return 0


def _say_if_candidate(station: Station, card: Card) -> None:
    """Print what a version that does not judge would change, and how it comes to judge."""
    from core.detection.checkpoints import active_version

    product = card.product
    judging = active_version(station.settings, product)
    if judging == card.version:
        return
    print(f"It is a candidate: version {judging.version} goes on judging.")
    show_comparison(station, product, card.version)
    print(how_to_activate(product.key, card.version.version))
