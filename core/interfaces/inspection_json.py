"""Convert an inspection to plain JSON data, the same for the command line and REST."""

from __future__ import annotations

from typing import Any

from core.domain import Inspection


def inspection_record(inspection: Inspection) -> dict[str, Any]:
    """Convert an inspection to the data that a calling program needs."""
    judgement = inspection.judgement
    return {
        "id": inspection.id,
        "program_version": inspection.program_version,
        "file": inspection.image.filename,
        "sha256": inspection.image.sha256,
        "product": inspection.product.key,
        "seen_before": inspection.seen_before and inspection.seen_before.isoformat(),
        "verdict": judgement.verdict.value,
        "score": judgement.score,
        "threshold": judgement.t_low,
        "fail_threshold": judgement.t_high,
        "percentile": judgement.percentile,
        "false_alarm": judgement.false_alarm.sentence(),
        "defects": [defect.model_dump(exclude={"contour"}) for defect in inspection.defects],
        "exemplars": [exemplar.model_dump() for exemplar in inspection.exemplars],
        "likeness": _likeness(inspection),
        "comparisons": [comparison.model_dump() for comparison in inspection.comparisons],
        "snippets": [snippet.id for snippet in inspection.snippets],
        "defect_types": [guess.model_dump() for guess in inspection.defect_types],
        "report": _report(inspection),
        "notices": [
            *inspection.image.notices,
            *(unlike.sentence() for unlike in inspection.image.unlike),
            *judgement.notices(),
        ],
        "unlike": [unlike.model_dump(mode="json") for unlike in inspection.image.unlike],
        "failed_steps": {
            step.name: step.reason for step in inspection.steps if step.status == "failed"
        },
        "off_steps": {step.name: step.reason for step in inspection.steps if step.status == "off"},
        "step_notices": {
            step.name: step.reason
            for step in inspection.steps
            if step.status == "ok" and step.reason
        },
        "timing": {step.name: round(step.seconds, 4) for step in inspection.steps},
    }


def _likeness(inspection: Inspection) -> dict[str, Any] | None:
    likeness = inspection.likeness
    if likeness is None:
        return None
    derived = {"is_far": likeness.is_far, "sentence": likeness.sentence()}
    return likeness.model_dump() | derived


def _report(inspection: Inspection) -> dict[str, Any] | None:
    """Convert the report that counts: the signed one, else the newest."""
    revision = inspection.revision
    if revision is None:
        return None
    return {
        "revision": revision.number,
        "kind": revision.kind.value,
        "newest_revision": inspection.newest_revision,
        "author": revision.author,
        "program_version": revision.program_version,
        "writing": revision.writing and revision.writing.model_dump(mode="json"),
        "remarks": [remark.model_dump(mode="json") for remark in revision.remarks or ()],
        **revision.report.model_dump(mode="json"),
    }
