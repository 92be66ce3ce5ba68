"""Print what people decided and signed."""

from __future__ import annotations

from datetime import tzinfo

from core.domain import Disposition, DispositionEntry, Inspection, Revision, RevisionKind
from core.reporting.pdf.page import ReportPage, shorten

DECISION_LETTERS = 300


def standing_of(inspection: Inspection, revision: Revision, timezone: tzinfo) -> str:
    """State which revision is printed, and whether it is the one that counts."""
    signed = inspection.signed
    which = f"Revision {revision.number} of {inspection.newest_revision}"
    why = f" Reason for it: {revision.reason}" if revision.reason else ""
    if revision.kind is RevisionKind.SIGNED and (signed is None or signed == revision):
        at = f"{revision.created_at.astimezone(timezone):%Y-%m-%d %H:%M %Z}"
        return f"{which}, signed by {revision.author}, {at}.{why}"
    if signed is None:
        return f"{which}, {revision.kind.value} by {revision.author}; not signed.{why}"
    return (
        f"{which}, {revision.kind.value} by {revision.author}. This is not the report that counts: "
        f"{signed.author} signed revision {signed.number}.{why}"
    )


def print_false_alarm(page: ReportPage, inspection: Inspection, timezone: tzinfo) -> None:
    """Print why a part that the machine stopped is no nonconformity."""
    entry = inspection.dispositions[-1]
    at = f"{entry.decided_at.astimezone(timezone):%Y-%m-%d %H:%M %Z}"
    page.heading("Decision")
    page.paragraph(
        f"The machine stopped this part ({inspection.judgement.verdict.value}); "
        f"{entry.decided_by} decided on {at}: {entry.disposition.value}. "
        f"Reason: {shorten(entry.reason, DECISION_LETTERS)}"
    )
    page.note("The draft that was written before this decision is on record; it does not hold.")


def print_decisions(
    page: ReportPage, inspection: Inspection, revision: Revision, timezone: tzinfo
) -> None:
    """Print what may be decided, every decision in order, and who signed."""
    decided = inspection.dispositions[-1] if inspection.dispositions else None
    signed = revision.author if revision.kind is RevisionKind.SIGNED else ""
    signed_at = f"{revision.created_at.astimezone(timezone):%Y-%m-%d %H:%M %Z}" if signed else ""
    page.decision(
        [
            (option.value, decided is not None and option is decided.disposition)
            for option in Disposition
        ],
        [
            _decided(number, entry, timezone)
            for number, entry in enumerate(inspection.dispositions, start=1)
        ],
        [
            ("Inspected by", inspection.context.inspector, ""),
            (
                "Disposition by",
                "" if decided is None else decided.decided_by,
                ""
                if decided is None
                else f"{decided.decided_at.astimezone(timezone):%Y-%m-%d %H:%M %Z}",
            ),
            ("Report signed by", signed, signed_at),
        ],
    )


def _decided(number: int, entry: DispositionEntry, timezone: tzinfo) -> tuple[str, str]:
    """State one decision: which, when, by whom and why."""
    by_concession = f", concession {entry.concession}" if entry.concession else ""
    blind = ", without seeing the finding" if entry.is_blind else ""
    return (
        f"{number}. {entry.disposition.value}",
        f"{entry.decided_at.astimezone(timezone):%Y-%m-%d %H:%M %Z}, {entry.decided_by}"
        f"{by_concession}{blind}: {shorten(entry.reason, DECISION_LETTERS)}",
    )
