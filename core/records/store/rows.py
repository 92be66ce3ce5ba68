"""Turn domain models into rows of tables and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from core.domain import (
    Comparison,
    Context,
    Correction,
    Defect,
    DefectTypeGuess,
    DetectorRef,
    DispositionEntry,
    Exemplar,
    FalseAlarmRate,
    ImageInfo,
    Inspection,
    InspectionSummary,
    Judgement,
    Likeness,
    Product,
    Revision,
    Snippet,
    Step,
)

Row = dict[str, Any]

# Measurements that queries need stand in columns; the rest of a defect is its shape.
DEFECT_SHAPE = {"box", "contour", "elongation", "orientation_deg"}
WRITING_COLUMNS = ("writer", "model", "from_cache", "input_tokens", "output_tokens", "cost_usd")


def inspection_row(inspection: Inspection) -> Row:
    """Turn an inspection into its row, without its children and where it stands."""
    judgement, image = inspection.judgement, inspection.image
    return {
        "id": inspection.id,
        "created_at": inspection.created_at,
        "program_version": inspection.program_version,
        "product_key": inspection.product.key,
        **inspection.context.model_dump(),
        **judgement.model_dump(mode="json", exclude={"false_alarm"}),
        "filename": image.filename,
        "image_sha256": image.sha256,
        "map_sha256": inspection.map_sha256,
        "seen_before": inspection.seen_before,
        **inspection.detector.model_dump(),
        "product": inspection.product.model_dump_json(),
        "image": image.model_dump_json(),
        "false_alarm": judgement.false_alarm.model_dump_json(),
        "likeness": inspection.likeness and inspection.likeness.model_dump_json(),
        "steps": json.dumps([step.model_dump() for step in inspection.steps]),
        "defect_types": json.dumps([guess.model_dump() for guess in inspection.defect_types]),
    }


def defect_row(inspection_id: str, position: int, defect: Defect) -> Row:
    """Turn a defect into its row."""
    measured = defect.model_dump(mode="json", exclude={"centroid", *DEFECT_SHAPE})
    return {
        "inspection_id": inspection_id,
        "position": position,
        **measured,
        "centroid_x": defect.centroid[0],
        "centroid_y": defect.centroid[1],
        "shape": defect.model_dump_json(include=DEFECT_SHAPE),
    }


def evidence_row(inspection_id: str, position: int, item: Exemplar | Comparison | Snippet) -> Row:
    """Turn a piece of evidence into its row."""
    if isinstance(item, Exemplar):
        kind, reference, similarity = "exemplar", item.sha256, item.similarity
    elif isinstance(item, Comparison):
        kind, reference, similarity = "comparison", item.exemplar_sha256, 1 - item.error
    else:
        kind, reference, similarity = "snippet", item.id, item.similarity
    return {
        "inspection_id": inspection_id,
        "kind": kind,
        "position": position,
        "reference": reference,
        "similarity": similarity,
        "content": item.model_dump_json(),
    }


def revision_row(inspection_id: str, revision: Revision) -> Row:
    """Turn a revision into its row."""
    return {
        "inspection_id": inspection_id,
        "number": revision.number,
        "kind": revision.kind.value,
        "author": revision.author,
        "created_at": revision.created_at,
        "program_version": revision.program_version,
        "sha256": revision.sha256,
        "report": revision.report.model_dump_json(),
        "writing": revision.writing and revision.writing.model_dump_json(),
        **{name: revision.writing and getattr(revision.writing, name) for name in WRITING_COLUMNS},
        "remarks": None
        if revision.remarks is None
        else json.dumps([remark.model_dump(mode="json") for remark in revision.remarks]),
        "reason": revision.reason,
        "violations": None if revision.remarks is None else len(revision.violations),
    }


def inspection_of(
    row: Row,
    defects: Sequence[Row],
    evidence: Sequence[Row],
    revisions: Sequence[Row],
    dispositions: Sequence[Row],
    corrections: Sequence[Row],
) -> Inspection:
    """Build an inspection from its row and its children's rows, in order."""
    return Inspection(
        id=row["id"],
        created_at=row["created_at"],
        program_version=row["program_version"],
        product=Product.model_validate_json(row["product"]),
        context=Context.on_record(row),
        image=ImageInfo.model_validate_json(row["image"]),
        detector=DetectorRef(**{name: row[name] for name in DetectorRef.model_fields}),
        judgement=Judgement(
            **{name: row[name] for name in Judgement.model_fields if name != "false_alarm"},
            false_alarm=FalseAlarmRate.model_validate_json(row["false_alarm"]),
        ),
        map_sha256=row["map_sha256"],
        defects=tuple(_defect_of(item) for item in defects),
        exemplars=tuple(
            Exemplar.model_validate_json(item["content"])
            for item in evidence
            if item["kind"] == "exemplar"
        ),
        likeness=row["likeness"] and Likeness.model_validate_json(row["likeness"]),
        comparisons=tuple(
            Comparison.model_validate_json(item["content"])
            for item in evidence
            if item["kind"] == "comparison"
        ),
        snippets=tuple(
            Snippet.model_validate_json(item["content"])
            for item in evidence
            if item["kind"] == "snippet"
        ),
        defect_types=tuple(DefectTypeGuess(**guess) for guess in json.loads(row["defect_types"])),
        steps=tuple(Step(**step) for step in json.loads(row["steps"])),
        revisions=tuple(revision_of(item) for item in revisions),
        dispositions=tuple(disposition_of(item) for item in dispositions),
        corrections=tuple(_correction_of(item) for item in corrections),
        seen_before=row["seen_before"],
    )


def _defect_of(row: Row) -> Defect:
    columns = {name: row[name] for name in Defect.model_fields if name in row}
    centroid = (row["centroid_x"], row["centroid_y"])
    return Defect(**columns, centroid=centroid, **json.loads(row["shape"]))


def revision_of(row: Row) -> Revision:
    """Build a revision from its row."""
    read = {
        "report": json.loads(row["report"]),
        "writing": row["writing"] and json.loads(row["writing"]),
        "remarks": row["remarks"] and json.loads(row["remarks"]),
    }
    return Revision(
        **{name: row[name] for name in Revision.model_fields if name not in read}, **read
    )


def disposition_of(row: Row) -> DispositionEntry:
    """Build a decision from its row."""
    return DispositionEntry(**{name: row[name] for name in DispositionEntry.model_fields})


def _correction_of(row: Row) -> Correction:
    said = {name: json.loads(row[name]) for name in ("before", "after")}
    return Correction(
        **{name: row[name] for name in Correction.model_fields if name not in said}, **said
    )


def summary_of(row: Row) -> InspectionSummary:
    """Build a line of a list from its row."""
    return InspectionSummary(**row)
