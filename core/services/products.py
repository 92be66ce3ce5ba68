"""Change a taught product's policy or active version, and read its history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime, Field, ValidationError

from core.detection.checkpoints import Active, activate, active_version, load_version, read_card
from core.detection.product_files import read_policy, save_policy, set_aside_policy
from core.domain import Frozen, Product, identifier
from core.domain.errors import CheckpointError, ProductError
from core.domain.policy import Policy
from core.imaging.acquisition import refuse_scale_of_sizes
from core.records.decided import FalseAlarm, false_alarms
from core.records.events import add_event, list_events
from core.records.products import save_product
from core.services.station import Station

ACTIVATED = "version activated"


class Change(Frozen):
    """One event of a product's history."""

    at: AwareDatetime
    kind: str = Field(description="policy changed, version activated, product taught, ...")
    by: str = Field(description="empty: nobody was named")
    what: tuple[str, ...] = Field(description="such as 'fail_margin 0.5 → 1'")
    reason: str


def change_policy(
    station: Station, product: Product, changes: Mapping[str, Any], *, by: str, reason: str
) -> str:
    """Change values of a product's policy and record the change.

    Args:
        station: where product and records are.
        product: the product whose policy changes.
        changes: new values by name; a dotted name such as "severity.major_peak" sets a part.
        by: name of the person who changes it.
        reason: the reason for it.

    Returns:
        The name under which a damaged policy was kept, when the defaults replaced it; empty if the
        policy was not damaged.

    Raises:
        ProductError: if person or reason is missing, a name is unknown, or a value is invalid.
        CheckpointError: if the policy cannot be written.
    """
    by, reason = _who_and_why(by, reason, "change of policy")
    try:
        before = read_policy(station.settings, product)
    except CheckpointError:
        before = None
    after = _changed(before or Policy(), changes)
    if changes.get("mm_per_px") is not None:
        refuse_scale_of_sizes(after.mm_per_px, read_card(station.settings, product).figures)
    details: dict[str, Any] = {"after": after.model_dump(mode="json"), "reason": reason}
    aside = ""
    if before is None:
        aside = details["damaged"] = set_aside_policy(station.settings, product).name
    else:
        details["before"] = before.model_dump(mode="json")
    save_policy(station.settings, product, after)
    add_event(station.records, "policy changed", product.key, details, actor=by)
    return aside


def activate_version(
    station: Station, product: Product, version: Active, *, by: str, reason: str
) -> None:
    """Make another version of a product's detector the active one.

    The version is loaded first, so that a damaged one changes nothing.

    Args:
        station: where product and records are.
        product: the product whose detector changes.
        version: the version to activate; an older one is a rollback.
        by: name of the person who decides.
        reason: the reason for it.

    Raises:
        ProductError: if person or reason is missing, or the version is active already.
        CheckpointError: if the version is missing or damaged, or cannot be activated.
    """
    by, reason = _who_and_why(by, reason, "change of version")
    before = active_version(station.settings, product)
    if version == before:
        raise ProductError(f"Version {version.version} of {product.key} judges already.")
    taught = load_version(station.settings, product, version)
    activate(station.settings, product, taught.card.detector)
    save_product(station.records, taught.card.product)
    detail = {
        "before": before.model_dump(),
        "after": version.model_dump(),
        "reason": reason,
    }
    add_event(station.records, ACTIVATED, product.key, detail, actor=by)


def previous_version(station: Station, product: Product) -> Active | None:
    """Find the version that judged before a person activated the present one; None: there is none.

    Raises:
        ProductError: if the product has no detector.
    """
    present = active_version(station.settings, product)
    for event in list_events(station.records, product.key):
        if event.kind == ACTIVATED and Active(**event.detail["after"]) == present:
            return Active(**event.detail["before"])
    return None


def history(station: Station, product: Product, limit: int = 50) -> tuple[Change, ...]:
    """List the changes to how a product is judged, the newest first."""
    events = list_events(station.records, product.key, limit)
    return tuple(
        Change(
            at=event.happened_at,
            kind=event.kind,
            by=event.actor,
            what=_describe_change(event.detail),
            reason=event.detail.get("reason", ""),
        )
        for event in events
    )


def unlearned_false_alarms(station: Station, product: Product) -> tuple[FalseAlarm, ...]:
    """List the false alarms that the active version was not taught with, the newest first.

    Raises:
        ProductError: if the product has no detector.
        CheckpointError: if the card of its active version is damaged.
    """
    known = {image.sha256 for image in read_card(station.settings, product).images}
    found = false_alarms(station.records, product.key)
    return tuple(alarm for alarm in found if alarm.image_sha256 not in known)


def _describe_change(detail: dict[str, Any]) -> tuple[str, ...]:
    """Describe an event: values before and after, or its other details."""
    if not isinstance(detail.get("after"), dict):
        details = {name: value for name, value in detail.items() if name != "reason"}
        return tuple(f"{name} {value}" for name, value in _flat(details).items() if value != [])
    before, after = _flat(detail.get("before") or {}), _flat(detail["after"])
    return tuple(
        f"{name} {before.get(name, '-')} → {value}"
        for name, value in after.items()
        if before.get(name) != value
    )


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = round(value, 6) if isinstance(value, float) else value
    return flat


def _who_and_why(by: str, reason: str, what: str) -> tuple[str, str]:
    by = identifier(by, "name")
    if not by or not reason.strip():
        raise ProductError(f"A {what} needs a name and a reason: who decides it, and why.")
    return by, reason.strip()


def _changed(policy: Policy, changes: Mapping[str, Any]) -> Policy:
    """Replace values of a policy.

    Raises:
        ProductError: if a name is unknown or a value is invalid.
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
