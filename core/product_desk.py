"""What an engineer changes of a taught product: its policy, and which version judges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.detection.checkpoints import Active, activate, active_version, load_version
from core.detection.product_files import read_policy, save_policy, set_aside_policy
from core.domain import Product
from core.errors import CheckpointError, ProductError
from core.policy import Policy
from core.records.decided import FalseAlarm, false_alarms
from core.workbench import Workbench


def change_policy(
    bench: Workbench, product: Product, changes: Mapping[str, Any], *, by: str, reason: str
) -> str:
    """Change values of a product's policy and put that on record.

    Args:
        bench: where product and records are.
        product: whose policy.
        changes: new values by name; "severity.major_peak" reaches into a part of the policy.
        by: who changes it.
        reason: why.

    Returns:
        Under which name a damaged policy was kept, whose place the defaults took; empty: it was
        not damaged.

    Raises:
        ProductError: if nobody or no reason is named, a name is unknown, or a value cannot be.
        CheckpointError: if the policy cannot be written.
    """
    by, reason = _who_and_why(by, reason, "change of policy")
    try:
        before = read_policy(bench.settings, product)
    except CheckpointError:
        before = None
    after = _changed(before or Policy(), changes)
    details: dict[str, Any] = {"after": after.model_dump(mode="json"), "reason": reason}
    aside = ""
    if before is None:
        aside = details["damaged"] = set_aside_policy(bench.settings, product).name
    else:
        details["before"] = before.model_dump(mode="json")
    save_policy(bench.settings, product, after)
    bench.records.add_event("policy changed", product.key, details, actor=by)
    return aside


def activate_version(
    bench: Workbench, product: Product, version: Active, *, by: str, reason: str
) -> None:
    """Let another version of a product's detector judge from the next picture on.

    The version is loaded first: one that is damaged changes nothing.

    Args:
        bench: where product and records are.
        product: whose detector.
        version: that shall judge; an older one rolls back.
        by: who decides so.
        reason: why.

    Raises:
        ProductError: if nobody or no reason is named, or that version judges already.
        CheckpointError: if the version is missing or damaged, or cannot be made the active one.
    """
    by, reason = _who_and_why(by, reason, "change of version")
    before = active_version(bench.settings, product)
    if version == before:
        raise ProductError(f"Version {version.version} of {product.key} judges already.")
    taught = load_version(bench.settings, product, version)
    activate(bench.settings, product, taught.card.detector)
    detail = {
        "before": before.model_dump(),
        "after": version.model_dump(),
        "reason": reason,
    }
    bench.records.add_event("version activated", product.key, detail, actor=by)


def unlearned_false_alarms(bench: Workbench, product: Product) -> tuple[FalseAlarm, ...]:
    """False alarms whose pictures the active version was not taught with, the newest first.

    Raises:
        ProductError: if the product has no detector.
    """
    known = {image.sha256 for image in bench.taught(product).card.images}
    found = false_alarms(bench.records, product.key)
    return tuple(alarm for alarm in found if alarm.image_sha256 not in known)


def _who_and_why(by: str, reason: str, what: str) -> tuple[str, str]:
    if not by.strip() or not reason.strip():
        raise ProductError(f"A {what} needs a name and a reason: who decides it, and why.")
    return by.strip(), reason.strip()


def _changed(policy: Policy, changes: Mapping[str, Any]) -> Policy:
    """A policy with values replaced.

    Raises:
        ProductError: if a name is unknown or a value cannot be.
    """
    values = policy.model_dump(mode="json")
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
