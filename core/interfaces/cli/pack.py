"""pack: what a station needs that inspects and does not teach."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from core.infrastructure.settings import settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_command(commands: _SubParsersAction) -> None:
    pack = commands.add_parser(
        "pack", help="a folder of all that a station without torch needs to inspect"
    )
    pack.add_argument("folder", type=Path, metavar="FOLDER", help="to be made")
    pack.add_argument(
        "--product",
        action="append",
        metavar="DATASET/CATEGORY",
        help="may be given several times; all products that have a detector unless given",
    )
    pack.set_defaults(run=_pack)


def _pack(options: argparse.Namespace) -> int:
    from core.services.packing import pack_station
    from core.services.station import Station

    with Station(settings()) as station:
        products = [station.product(key) for key in options.product or ()]
        packed = pack_station(station, options.folder, products or station.taught_products())
    for sentence in packed.notices:
        print(f"Note: {sentence}")
    print(
        f"Packed {', '.join(packed.products)} with the networks {', '.join(packed.networks)}: "
        f"{packed.size / 2**20:.0f} MiB.\n"
        f"Copy what {options.folder} holds into the checkout on the station "
        "(docs/inspecting-station.md)."
    )
    return 0
