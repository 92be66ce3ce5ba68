"""activate: show what would change if another version judged, and let it judge."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from core.domain.errors import (
    CheckpointError,
    DetectorError,
    LibraryError,
    ProductError,
    WeightsError,
)
from core.infrastructure.settings import settings
from core.interfaces.cli.options import show_progress

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from core.detection.checkpoints import Active
    from core.domain import Product
    from core.services.station import Station
    from core.services.version_comparison import VersionComparison, VersionFigures


def add_command(commands: _SubParsersAction) -> None:
    activate = commands.add_parser(
        "activate", help="show what another version would change, or let it judge"
    )
    activate.add_argument("--product", required=True, metavar="DATASET/CATEGORY")
    activate.add_argument("--version", help="that is to judge (default: the newest one)")
    activate.add_argument("--by", default="", help="person who lets it judge")
    activate.add_argument(
        "--reason", default="", help="why it is to judge; without name and reason nothing changes"
    )
    activate.set_defaults(run=_activate)


def _activate(options: argparse.Namespace) -> int:
    from core.services.products import activate_version
    from core.services.station import Station

    if bool(options.by.strip()) != bool(options.reason.strip()):
        raise ProductError("A change of version needs both: --by NAME and --reason TEXT.")
    with Station(settings()) as station:
        product = station.product(options.product)
        version = _named(station, product, options.version)
        show_comparison(station, product, version)
        if not options.reason.strip():
            print(how_to_activate(product.key, version.version))
            return 0
        activate_version(station, product, version, by=options.by, reason=options.reason)
    print(f"Version {version.version} of {product.key} judges now.")
    return 0


def _named(station: Station, product: Product, name: str | None) -> Active:
    from core.detection.checkpoints import versions

    known = versions(station.settings, product)
    found = [each for each in known if name in (None, each.version)]
    if not found:
        raise ProductError(
            f"{product.key} has no version {name}. It has: "
            f"{', '.join(each.version for each in known) or 'none'}."
        )
    return found[0]


def how_to_activate(product_key: str, version: str) -> str:
    """Say how a candidate comes to judge."""
    return (
        f"It judges once a person lets it: python -m core activate --product {product_key} "
        f"--version {version} --by NAME --reason TEXT"
    )


def show_comparison(station: Station, product: Product, version: Active) -> None:
    """Compare a version with the one that judges, or say why that cannot be done.

    Raises:
        ProductError: if it judges already.
    """
    from core.services.version_comparison import compare_versions

    try:
        compared = compare_versions(station, product, version, on_progress=show_progress)
    except (CheckpointError, DetectorError, LibraryError, WeightsError) as error:
        print(f"Note: it cannot be compared with the version that judges. {error}")
        return
    _print_comparison(compared)


def _print_comparison(compared: VersionComparison) -> None:
    """Print old against new: known defects, held-out normals, and the last lot."""
    rows = [
        ("", "judges now", "would judge"),
        *(
            (name, value(compared.judging), value(compared.candidate))
            for name, value in (
                ("version", lambda each: f"{each.version.algorithm} {each.version.version}"),
                ("good pictures", lambda each: f"{each.pictures}"),
                ("known defects found", lambda each: f"{each.found} of {compared.known}"),
                ("held-out normals stopped", lambda each: f"{each.stopped} of {each.normals}"),
                ("good parts stopped", _bound),
                ("review from", lambda each: f"{each.t_low:.4g}"),
                ("fail from", lambda each: f"{each.t_high:.4g}"),
            )
        ),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for row in rows:
        print(f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]}".rstrip())
    for sentence in compared.skipped:
        print(f"Note: {sentence}")
    print(_lot_sentence(compared))


def _bound(figures: VersionFigures) -> str:
    rate = figures.false_alarm
    return f"{'about' if rate.is_estimate else 'at most'} {rate.guaranteed:.1%}"


def _lot_sentence(compared: VersionComparison) -> str:
    if compared.parts is None:
        return "Nothing of this product was inspected yet: no lot to compare on."
    lot = f"lot {compared.lot}" if compared.lot else "the newest parts without a lot"
    changes = ", ".join(f"{n} {one} → {other}" for one, other, n in compared.changed)
    judged = len(compared.parts.parts)
    return f"Verdicts on {lot} ({judged} parts) that would change: {changes or 'none'}."
