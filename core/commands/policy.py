"""policy: what is asked of a product's inspection; changed without teaching again."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from core.commands.shared import named_values
from core.domain import Product
from core.errors import CheckpointError, ProductError
from core.policy import Policy
from core.settings import settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from core.workbench import Workbench


def add_command(commands: _SubParsersAction) -> None:
    policy = commands.add_parser("policy", help="show or change what is asked of an inspection")
    policy.add_argument("--product", required=True, metavar="DATASET/CATEGORY")
    policy.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="false_alarm_rate=0.02, confidence=0.99, location=clock, min_area_px=50, "
        "mm_per_px=0.05, severity.major_peak=1.2, disposition_costs.scrap=12.5",
    )
    policy.add_argument("--by", default="", help="who changes it; needed with --set")
    policy.add_argument("--reason", default="", help="why; needed with --set")
    policy.set_defaults(run=_policy)


def _policy(options: argparse.Namespace) -> int:
    from core.detection.product_files import read_policy
    from core.workbench import Workbench

    product = Product.from_key(options.product)
    with Workbench(settings()) as bench:
        product = bench.product(product.key)
        if options.set:
            _change(bench, product, options)
        elif options.by or options.reason:
            raise ProductError("--by and --reason have no effect without --set NAME=VALUE.")
        print(read_policy(bench.settings, product).model_dump_json(indent=2))
        print(bench.taught(product).calibration.false_alarm.sentence())
    return 0


def _change(bench: Workbench, product: Product, options: argparse.Namespace) -> None:
    """Change the policy and put that on record; a damaged one is set aside for the defaults."""
    from core.detection.product_files import read_policy, save_policy, set_aside_policy

    if not options.by.strip() or not options.reason.strip():
        raise ProductError("A change of policy needs --by NAME and --reason TEXT.")
    changes = named_values(options.set, "--set")
    try:
        before = read_policy(bench.settings, product)
    except CheckpointError:
        before = None
    after = _changed(before or Policy(), changes)
    details: dict[str, Any] = {"after": after.model_dump(mode="json"), "reason": options.reason}
    if before is None:
        aside = set_aside_policy(bench.settings, product)
        print(
            f"Note: the policy was damaged and is kept as {aside}; all other values are the "
            "defaults.",
            file=sys.stderr,
        )
        details["damaged"] = aside.name
    else:
        details["before"] = before.model_dump(mode="json")
    save_policy(bench.settings, product, after)
    bench.records.add_event("policy changed", product.key, details, actor=options.by)


def _changed(policy: Policy, changes: dict[str, Any]) -> Policy:
    """A policy with values replaced; NAME.PART reaches into the severity rule.

    Raises:
        ProductError: if a name is unknown or a value cannot be.
    """
    values = json.loads(policy.model_dump_json())
    for name, value in changes.items():
        outer, _, inner = name.partition(".")
        if inner and isinstance(values.get(outer), dict):
            values[outer][inner] = value
        else:
            values[name] = value
    try:
        return Policy.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise ProductError(
            f"{'.'.join(map(str, first['loc']))} cannot be {first['input']!r}: {first['msg']}. "
            f"A policy has: {', '.join(Policy.model_fields)}."
        ) from error
