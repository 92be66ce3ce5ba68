"""The review queue at the desk: which part is next, and what a person decides about it."""

from __future__ import annotations

from enum import StrEnum

from core.domain import Disposition, DispositionEntry, Inspection, Verdict
from core.domain.errors import RecordsError
from core.records.dispositions import add_disposition
from core.records.inspections import load_inspection
from core.records.queue import next_waiting, previous_waiting, queue
from core.records.search import Filter
from core.services.station import Station

GOOD = (Disposition.VOID, Disposition.USE_AS_IS)
BAD = (
    Disposition.SCRAP,
    Disposition.REWORK,
    Disposition.REPAIR,
    Disposition.RETURN_TO_SUPPLIER,
)


class Kind(StrEnum):
    """Why an inspection waits."""

    ALL = "all"
    REVIEW = "review"
    FAIL = "fail"
    AUDIT = "audit"


def filter_of(kind: Kind, product_key: str | None = None, lot: str | None = None) -> Filter:
    """The part of the queue that is worked on.

    Args:
        kind: why they wait.
        product_key: of one product; None or empty: of all.
        lot: of one lot, by its whole name; None or empty: of all.
    """
    verdicts = {Kind.REVIEW: Verdict.REVIEW, Kind.FAIL: Verdict.FAIL, Kind.AUDIT: Verdict.PASS}
    return Filter(
        product_key=product_key or None,
        lot=(lot or "").strip() or None,
        verdict=verdicts.get(kind),
    )


def is_audit(inspection: Inspection) -> bool:
    """Whether it waits as a passed part that was drawn: shown with its verdict, it would bias."""
    return inspection.judgement.verdict is Verdict.PASS


def dispositions_of_good(inspection: Inspection) -> tuple[Disposition, ...]:
    """What an accepted part may be: one that was stopped was a false alarm, unless it is used."""
    return (Disposition.USE_AS_IS,) if is_audit(inspection) else GOOD


def first(station: Station, filter: Filter) -> str | None:
    """Id of the one that waits longest; None: nothing waits."""
    found = queue(station.records, filter, limit=1)
    return found[0].id if found else None


def following(station: Station, inspection_id: str, filter: Filter) -> str | None:
    """Id of the next one that waits, from the start again after the last; None: nothing waits."""
    return next_waiting(station.records, inspection_id, filter) or first(station, filter)


def preceding(station: Station, inspection_id: str, filter: Filter) -> str | None:
    """Id of the one that waits before it; None: it is the first."""
    return previous_waiting(station.records, inspection_id, filter)


def decide(
    station: Station, inspection_id: str, disposition: Disposition, reason: str, person: str
) -> DispositionEntry:
    """Record what a person decides about a part that waits; the machine's verdict stays.

    Raises:
        RecordsError: if somebody has decided in the meantime, or reason or name is missing.
    """
    inspection = load_inspection(station.records, inspection_id)
    if inspection.dispositions:
        last = inspection.dispositions[-1]
        raise RecordsError(
            f"{last.decided_by} has decided on {inspection.image.filename} in the meantime: "
            f"{last.disposition.value}. Open it in Inspect to decide otherwise."
        )
    return add_disposition(station.records, inspection_id, disposition, reason, person)


def is_learned(station: Station, inspection: Inspection) -> bool:
    """Whether the product's detector knows this picture as one of a good part."""
    images = station.taught(inspection.product).card.images
    return any(image.sha256 == inspection.image.sha256 for image in images)
