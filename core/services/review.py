"""Work through the review queue: find the next part and record a person's decision."""

from __future__ import annotations

from enum import StrEnum

from core.domain import Disposition, DispositionEntry, Inspection, Verdict, composed
from core.domain.errors import RecordsError
from core.records.dispositions import add_disposition
from core.records.inspections import load_inspection
from core.records.queue import next_waiting, previous_waiting, queue
from core.records.search import Filter
from core.services.station import Station

GOOD = (Disposition.VOID, Disposition.ACCEPTED, Disposition.USE_AS_IS)
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
    """Build the filter of a part of the queue.

    Args:
        kind: why the inspections wait.
        product_key: key of one product; None or empty: all products.
        lot: full name of one lot; None or empty: all lots.
    """
    verdicts = {Kind.REVIEW: Verdict.REVIEW, Kind.FAIL: Verdict.FAIL, Kind.AUDIT: Verdict.PASS}
    return Filter(
        product_key=product_key or None,
        lot=composed(lot or "") or None,
        verdict=verdicts.get(kind),
    )


def dispositions_of_good(inspection: Inspection, *, is_hidden: bool) -> tuple[Disposition, ...]:
    """List the dispositions of a good part; void (false alarm) applies to stopped parts only.

    While the finding is hidden, the choice is the same whatever the finding is.
    """
    is_passed = inspection.judgement.verdict is Verdict.PASS
    return (Disposition.ACCEPTED,) if is_passed or is_hidden else GOOD


def first(station: Station, filter: Filter) -> str | None:
    """Find the id of the inspection that has waited longest; None: nothing waits."""
    found = queue(station.records, filter, limit=1)
    return found[0].id if found else None


def following(station: Station, inspection_id: str, filter: Filter) -> str | None:
    """Find the id of the next waiting inspection, wrapping at the end; None: nothing waits."""
    return next_waiting(station.records, inspection_id, filter) or first(station, filter)


def preceding(station: Station, inspection_id: str, filter: Filter) -> str | None:
    """Find the id of the previous waiting inspection; None: it is the first."""
    return previous_waiting(station.records, inspection_id, filter)


def decide(
    station: Station,
    inspection_id: str,
    disposition: Disposition,
    reason: str,
    person: str,
    *,
    is_blind: bool = False,
) -> DispositionEntry:
    """Record a person's decision about a waiting part; the machine's verdict stays.

    Args: as for `core.records.dispositions.add_disposition`.

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
    return add_disposition(
        station.records, inspection_id, disposition, reason, person, is_blind=is_blind
    )


def is_learned(station: Station, inspection: Inspection) -> bool:
    """Tell whether the product's detector was taught with this picture as a good part."""
    images = station.taught(inspection.product).card.images
    return any(image.sha256 == inspection.image.sha256 for image in images)
