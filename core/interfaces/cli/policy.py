"""policy: show or change a product's policy, without teaching again."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from core.domain import Product
from core.domain.errors import ProductError
from core.infrastructure.named_values import named_values
from core.infrastructure.settings import settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_command(commands: _SubParsersAction) -> None:
    policy = commands.add_parser("policy", help="show or change a product's policy")
    policy.add_argument("--product", required=True, metavar="DATASET/CATEGORY")
    policy.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="false_alarm_rate=0.02, confidence=0.99, fail_margin=0.7, location=clock, "
        "min_area_px=50, mm_per_px=0.05, severity.major_peak=1.2, disposition_costs.scrap=12.5, "
        "line.parts_per_day=20000",
    )
    policy.add_argument("--by", default="", help="person who changes it; required with --set")
    policy.add_argument("--reason", default="", help="the reason; required with --set")
    policy.set_defaults(run=_policy)


def _policy(options: argparse.Namespace) -> int:
    from core.detection.product_files import read_policy
    from core.services.products import change_policy
    from core.services.station import Station

    product = Product.from_key(options.product)
    with Station(settings()) as station:
        product = station.product(product.key)
        if options.set:
            changes = named_values(options.set, "--set")
            aside = change_policy(station, product, changes, by=options.by, reason=options.reason)
            if aside:
                print(
                    f"Note: the policy was damaged and is kept as {aside}; all other values are "
                    "the defaults.",
                    file=sys.stderr,
                )
        elif options.by or options.reason:
            raise ProductError("--by and --reason have no effect without --set NAME=VALUE.")
        print(read_policy(station.settings, product).model_dump_json(indent=2))
        print(station.taught(product).calibration.false_alarm.sentence())
    return 0
