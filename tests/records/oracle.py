"""Definitions in plain Python, to compare queries with."""

from __future__ import annotations

from core.domain import (
    NOT_CLASSIFIED,
    Disposition,
    Inspection,
    RevisionKind,
    Verdict,
)
from core.records.standing import is_drawn

TYPES = {"scratch", "dent", "crack", "stain", "missing_part"}


def defect_type_of(inspection: Inspection) -> str:
    """The definition's words, one by one."""
    if not inspection.defects:
        return ""
    by_person = [r.report for r in inspection.revisions if r.kind is not RevisionKind.DRAFTED]
    signed = [r.report for r in inspection.revisions if r.kind is RevisionKind.SIGNED]
    if by_person:
        for finding in (signed or by_person)[-1].findings:
            if finding.probable_defect_type in TYPES:
                return finding.probable_defect_type
    ranked = [g.defect_type for g in inspection.defect_types if g.rank == 1]
    return ranked[0] if ranked else NOT_CLASSIFIED


def is_type_confirmed(inspection: Inspection) -> bool:
    """Whether a person's newest report names a known type of the part's defects."""
    by_person = [r.report for r in inspection.revisions if r.kind is not RevisionKind.DRAFTED]
    return (
        bool(inspection.defects)
        and bool(by_person)
        and any(finding.probable_defect_type in TYPES for finding in by_person[-1].findings)
    )


def disposition_of(inspection: Inspection) -> Disposition | None:
    return inspection.dispositions[-1].disposition if inspection.dispositions else None


def is_audited(inspection: Inspection, share: float) -> bool:
    return inspection.judgement.verdict is Verdict.PASS and is_drawn(inspection.id, share)


def waits(inspection: Inspection, share: float) -> bool:
    is_asked = inspection.judgement.verdict is not Verdict.PASS or is_audited(inspection, share)
    return is_asked and not inspection.dispositions
