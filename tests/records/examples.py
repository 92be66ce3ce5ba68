"""A whole inspection made by hand, for tests of records and reports."""

from __future__ import annotations

from datetime import UTC, datetime

from core.domain import (
    Box,
    Comparison,
    Context,
    Defect,
    DefectTypeGuess,
    DetectorRef,
    Exemplar,
    FalseAlarmRate,
    ImageInfo,
    Inspection,
    Judgement,
    Likeness,
    Outcome,
    Product,
    Remark,
    Report,
    Revision,
    RevisionKind,
    Rule,
    Severity,
    Snippet,
    Step,
    Verdict,
    Writing,
)
from core.records.reports import report_sha256

NOW = datetime(2026, 11, 24, 9, 30, 15, 123456, tzinfo=UTC)


def defect(number: int = 1, severity: Severity = Severity.MAJOR) -> Defect:
    return Defect(
        id=f"D{number}",
        box=Box(x=10, y=20, width=30, height=8),
        contour=((10, 20), (39, 20), (39, 27), (10, 27)),
        centroid=(24.5, 23.5),
        region="top left",
        area_px=240,
        area_percent=0.27,
        area_mm2=2.4,
        elongation=3.75,
        orientation_deg=0,
        peak=1.9 - number / 100,
        mean=1.4,
        severity=severity,
    )


def comparison(number: int = 1) -> Comparison:
    return Comparison(
        defect_id=f"D{number}",
        exemplar_sha256="c" * 64,
        filename="good.png",
        crop=Box(x=5, y=15, width=40, height=40),
        transform=(0.99, 0.01, 3.5, -0.01, 0.99, -2.25),
        error=0.12,
        is_aligned=True,
    )


def snippet() -> Snippet:
    return Snippet(
        id="K-0123456789",
        dataset="ELPV",
        category="mono",
        defect_type="crack",
        text="Appearance: a thin dark line. Common causes: Method: pressing. "
        "Effect: lost current. Recommended action: hold the module and check the laminator.",
        source="domain_knowledge.json",
        similarity=0.52,
        matched_by="product",
    )


def guess(defect_id: str = "D1", defect_type: str = "crack", rank: int = 1) -> DefectTypeGuess:
    return DefectTypeGuess(
        defect_id=defect_id,
        defect_type=defect_type,
        rank=rank,
        text_similarity=0.31,
        probability=0.72,
        calibration="Calibrated on 40 labelled defects.",
    )


def report(summary: str = "A major defect at the top left.") -> Report:
    return Report(summary=summary, open_questions=("Cause?",))


def remark(rule: Rule = Rule.NUMBER) -> Remark:
    return Remark(
        rule=rule,
        place="summary",
        sentence="A major defect at the top left.",
        message="The text says 9 %, measured is 0.27 %.",
    )


def writing() -> Writing:
    return Writing(
        writer="gpt-4o",
        model="gpt-4o-2024-11-20",
        outcome=Outcome.REPAIRED,
        reason="summary: 901 characters.",
        prompt_version=1,
        prompt_sha256="e" * 64,
        pictures=2,
        attempts=2,
        input_tokens=3000,
        output_tokens=400,
        cost_usd=0.0115,
        seconds=4.25,
    )


def revision(number: int = 1) -> Revision:
    return Revision(
        number=number,
        kind=RevisionKind.DRAFTED,
        report=report(),
        author="offline",
        created_at=NOW,
        program_version="0.0.7",
        sha256=report_sha256(report()),
    )


def judgement(verdict: Verdict = Verdict.FAIL, score: float = 1.89) -> Judgement:
    return Judgement(
        score=score,
        t_low=1.0,
        t_high=1.5,
        map_t_low=1.0,
        map_t_high=1.5,
        percentile=100,
        verdict=verdict,
        false_alarm=FalseAlarmRate(requested=0.05, confidence=0.95, held_out=60, guaranteed=0.0487),
    )


def inspection(inspection_id: str = "20261124-093015-abc123", lot: str = "L-7") -> Inspection:
    return Inspection(
        id=inspection_id,
        created_at=NOW,
        program_version="0.0.7",
        product=Product(dataset="ELPV", category="mono", mm_per_px=0.1),
        context=Context(lot=lot, serial="균열-1", station="EL-2", inspector="Zoë Müller"),
        image=ImageInfo(
            sha256="a" * 64,
            filename="Größe.png",
            format="PNG",
            width=300,
            height=300,
            bit_depth=8,
            size_bytes=12345,
            notices=("A notice.",),
        ),
        detector=DetectorRef(
            algorithm="patchcore", version="20261124-080000-000000", backbone="efficientnet_lite0"
        ),
        judgement=judgement(),
        map_sha256="b" * 64,
        defects=(defect(1), defect(2, Severity.MINOR)),
        exemplars=(Exemplar(sha256="c" * 64, filename="good.png", similarity=0.93),),
        likeness=Likeness(nearest=0.93, farther_than=0.25, normals=200),
        comparisons=(comparison(1), comparison(2)),
        snippets=(snippet(),),
        defect_types=(guess(),),
        steps=(Step(name="detect", seconds=0.02), Step(name="exemplars", seconds=0, status="off")),
        revisions=(revision(),),
    )
