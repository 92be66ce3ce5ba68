"""One inspection as a nonconformity report of one to three A4 pages."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, tzinfo

from core.domain import (
    ComparedPair,
    Exemplar,
    Finding,
    Hypothesis,
    Inspection,
    Revision,
    Verdict,
)
from core.reporting.pdf.decisions import print_decisions, print_false_alarm, standing_of
from core.reporting.pdf.evidence import print_evidence
from core.reporting.pdf.page import INK, WIDTH_MM, ReportPage, new_page, shorten

MOST_DEFECTS = 12
MOST_FINDINGS = 6
MOST_VIOLATIONS = 5
VIOLATION_LETTERS = 220
NOTHING_CONTRADICTS = (
    "No contradiction found in ids, places, numbers, severities, verdict and cited causes. What "
    "else the text says cannot be checked by rules."
)
MOST_PAGES = 3
MOST_CODES = 12
# Most characters of a text: the first that keeps the report within its pages is used.
TEXT_LETTERS = (900, 450, 220, 110, 60)
VERDICT_COLOURS = {
    Verdict.PASS: (24, 121, 78),
    Verdict.REVIEW: (176, 108, 0),
    Verdict.FAIL: (180, 35, 45),
}
# Shapes beside the colours, so that the verdict can be read without colour.
VERDICT_SYMBOLS = {Verdict.PASS: "✔", Verdict.REVIEW: "⚠", Verdict.FAIL: "✖"}
VERDICT_MEANING = {
    Verdict.PASS: "below the review threshold",
    Verdict.REVIEW: "between the thresholds: a person decides",
    Verdict.FAIL: "at or above the fail threshold",
}


def render_pdf(
    inspection: Inspection,
    revision: Revision,
    *,
    picture_png: bytes,
    overlay_png: bytes,
    legend_png: bytes,
    exemplars_png: Sequence[tuple[Exemplar, bytes | None]],
    pairs: Sequence[ComparedPair] = (),
    printed_at: datetime,
    timezone: tzinfo,
) -> bytes:
    """Print one revision of an inspection's report.

    Args:
        inspection: what was found.
        revision: which state of the report.
        picture_png, overlay_png, legend_png: the picture, the same under its heatmap, and the
            colour scale.
        exemplars_png: the most similar normal parts with their pictures (None: not on this
            station).
        pairs: defects beside the same place on the nearest normal part.
        printed_at: also the document's creation date: the same input gives the same bytes.
        timezone: for local times, beside UTC.

    Returns:
        A PDF of at most three pages, unless many decisions need more; longer texts are cut, and
        marked as cut.
    """
    for limit in TEXT_LETTERS:
        page = _lay_out(
            inspection,
            revision,
            limit,
            (picture_png, overlay_png, legend_png),
            (exemplars_png, pairs),
            printed_at,
            timezone,
        )
        if page.count <= MOST_PAGES:
            break
    return page.finish()


def _lay_out(
    inspection: Inspection,
    revision: Revision,
    limit: int,
    pictures_png: tuple[bytes, bytes, bytes],
    normals: tuple[Sequence[tuple[Exemplar, bytes | None]], Sequence[ComparedPair]],
    printed_at: datetime,
    timezone: tzinfo,
) -> ReportPage:
    printed = inspection.model_dump_json() + revision.model_dump_json()
    page = new_page(
        _title(inspection),
        _footer(inspection, revision),
        printed_at,
        text=printed,
    )
    _head(page, inspection, timezone)
    page.note(standing_of(inspection, revision, timezone))
    _unprinted(page, printed)
    _verdict(page, inspection)
    _pictures(page, *pictures_png)
    if _is_stopped_in_vain(inspection):
        print_false_alarm(page, inspection, timezone)
        _defects(page, inspection)
    else:
        page.heading("Summary")
        page.paragraph(shorten(revision.report.summary, limit))
        _defects(page, inspection)
        _findings(page, revision.report.findings, limit)
        _measures(page, revision, limit)
    in_vain = _is_stopped_in_vain(inspection)
    print_evidence(
        page, inspection, *normals, limit, snippets=() if in_vain else inspection.snippets
    )
    print_decisions(page, inspection, revision, timezone)
    _record(page, inspection, revision, printed_at)
    return page


def _title(inspection: Inspection) -> str:
    return "Nonconformity report" if inspection.is_nonconforming else "Inspection report"


def _is_stopped_in_vain(inspection: Inspection) -> bool:
    """Tell whether the machine stopped a part that a person found to conform, or saw in error."""
    return inspection.judgement.verdict is not Verdict.PASS and not inspection.is_nonconforming


def _unprinted(page: ReportPage, text: str) -> None:
    """Say which characters have no glyph here, so that nobody takes a gap for the text."""
    missing = page.unprintable(text)
    if missing:
        codes = ", ".join(f"U+{ord(char):04X}" for char in missing[:MOST_CODES])
        more = f" and {len(missing) - MOST_CODES} more" if len(missing) > MOST_CODES else ""
        page.note(
            f"No font here has the characters {codes}{more}: they are missing on this paper. The "
            "whole text is on record."
        )


def _footer(inspection: Inspection, revision: Revision) -> str:
    return (
        f"{inspection.id}  ·  program {inspection.program_version}  ·  "
        f"revision {revision.number}, {revision.kind.value} by "
        f"{shorten(revision.author, 40)}  ·  picture {inspection.image.sha256[:16]}  ·  "
        f"report {revision.sha256[:16]}"
    )


def _head(page: ReportPage, inspection: Inspection, timezone: tzinfo) -> None:
    context, at = inspection.context, inspection.created_at
    page.title(_title(inspection), inspection.id)
    page.facts(
        [
            ("Product", inspection.product.key),
            ("Lot", context.lot),
            ("Serial", context.serial),
            ("Station", context.station),
            ("Inspector", context.inspector),
            ("Picture", inspection.image.filename),
            ("Time, UTC", f"{at:%Y-%m-%d %H:%M:%S}"),
            ("Time, local", f"{at.astimezone(timezone):%Y-%m-%d %H:%M:%S %Z}"),
        ]
    )


def _verdict(page: ReportPage, inspection: Inspection) -> None:
    judgement = inspection.judgement
    page.banner(
        f"{VERDICT_SYMBOLS[judgement.verdict]} {judgement.verdict.value}",
        VERDICT_MEANING[judgement.verdict],
        VERDICT_COLOURS[judgement.verdict],
        [
            f"Score {judgement.score:.3f}   ·   review from {judgement.t_low:.3f}   ·   "
            f"fail from {judgement.t_high:.3f}   ·   above {judgement.percent_below} % of "
            "held-out normals",
            judgement.false_alarm.sentence(),
            *judgement.notices(),
            *inspection.image.notices,
            *(unlike.sentence() for unlike in inspection.image.unlike),
            *(correction.sentence() for correction in inspection.corrections),
        ],
    )


def _pictures(page: ReportPage, picture: bytes, overlay: bytes, legend: bytes) -> None:
    from PIL import Image

    left, right = Image.open(io.BytesIO(picture)), Image.open(io.BytesIO(overlay))
    page.side_by_side(
        [
            (left, "Picture as inspected"),
            (right, "Anomaly map with its own thresholds, defects numbered"),
        ]
    )
    page.picture_right(Image.open(io.BytesIO(legend)), (WIDTH_MM - 4) / 2)


def _defects(page: ReportPage, inspection: Inspection) -> None:
    if not inspection.defects:
        return
    page.heading("Marked regions" if _is_stopped_in_vain(inspection) else "Measured defects")
    rows = [
        (
            defect.id,
            defect.severity.value,
            defect.region,
            f"{defect.box.x}, {defect.box.y}",
            f"{defect.box.width} x {defect.box.height}",
            f"{defect.area_px}",
            f"{defect.area_percent:.2f}",
            "no scale" if defect.area_mm2 is None else f"{defect.area_mm2:.2f}",
            f"{defect.peak:.3f}",
            f"{defect.mean:.3f}",
        )
        for defect in inspection.defects[:MOST_DEFECTS]
    ]
    head = ("Id", "Severity", "Region", "x, y", "w x h px", "Area px", "%", "mm²", "Peak", "Mean")
    widths = (9, 19, 28, 22, 22, 18, 14, 18, 15, 15)
    if _is_stopped_in_vain(inspection):
        # A region of a part that conforms has no severity.
        head, widths = (head[0], *head[2:]), (9, 47, *widths[3:])
        rows = [(row[0], *row[2:]) for row in rows]
    page.table(head, rows, widths)
    page.note(
        "Peak and mean are on the scale of the map (review from "
        f"{inspection.judgement.map_t_low:.3f}, fail from "
        f"{inspection.judgement.map_t_high:.3f}), which is not the score's."
    )
    more = len(inspection.defects) - MOST_DEFECTS
    if more > 0:
        page.note(f"{more} further regions with lower peaks are on record.")


def _findings(page: ReportPage, findings: Sequence[Finding], limit: int) -> None:
    for number, finding in enumerate(findings[:MOST_FINDINGS]):
        text = _text(finding, limit)
        if number == 0:
            page.heading("Findings", page.height_of(text))
        page.labelled(shorten(", ".join(finding.defect_ids), 60), text)
        page.gap(1)
    more = len(findings) - MOST_FINDINGS
    if more > 0:
        page.note(f"{more} further findings are on record.")


def _text(finding: Finding, limit: int) -> str:
    parts = [
        shorten(part, limit)
        for part in (
            finding.observation,
            finding.probable_defect_type,
            *map(_cause, finding.hypotheses),
        )
        if part
    ]
    cited = [*finding.snippet_ids, *(i for h in finding.hypotheses for i in h.snippet_ids)]
    if cited:
        parts.append(f"Knowledge cited: {', '.join(dict.fromkeys(cited))}")
    return "\n".join(parts)


def _cause(hypothesis: Hypothesis) -> str:
    kind = f"{hypothesis.cause_class.value.capitalize()}: " if hypothesis.cause_class else ""
    own = "" if hypothesis.snippet_ids else f" (no knowledge cited, {hypothesis.confidence})"
    return f"{kind}{hypothesis.cause}{own}"


def _measures(page: ReportPage, revision: Revision, limit: int) -> None:
    report = revision.report
    severity, proposed = report.proposed_severity, report.proposed_disposition
    fields = [
        ("Not assessed", ", ".join(report.not_assessed)),
        ("Effect", report.effect),
        ("Proposed severity", severity.value if severity else ""),
        ("Containment", report.containment),
        ("Recommended action", report.recommended_action),
        ("Proposed disposition", proposed.value if proposed else ""),
        ("Open questions", "  ·  ".join(report.open_questions)),
        ("Confidence", report.confidence),
    ]
    page.heading("Assessment")
    for label, text in fields:
        if text:
            page.labelled(label, shorten(text, limit))
    _violations(page, revision)


def _violations(page: ReportPage, revision: Revision) -> None:
    """Print what the grounding check found: who reads the paper must know it too."""
    if revision.remarks is None:
        return
    found = revision.violations
    if not found:
        page.labelled("Grounding check", NOTHING_CONTRADICTS)
    for remark in found[:MOST_VIOLATIONS]:
        page.labelled("Contradicts evidence", shorten(remark.message, VIOLATION_LETTERS))
    if len(found) > MOST_VIOLATIONS:
        page.note(f"{len(found) - MOST_VIOLATIONS} further contradictions are on record.")


def _written(revision: Revision) -> list[str]:
    """State how the draft was written; an edited revision has a person as its author."""
    writing = revision.writing
    if writing is None:
        return []
    fallback = ", the offline composer wrote" if writing.fell_back else ""
    return [
        f"Writer {f'{writing.writer} {writing.model}'.strip()}, {writing.outcome.value}{fallback}"
        "   ·   prompt "
        f"version {writing.prompt_version}, SHA-256 {writing.prompt_sha256}"
    ]


def _record(
    page: ReportPage, inspection: Inspection, revision: Revision, printed_at: datetime
) -> None:
    detector = inspection.detector
    page.small(
        [
            f"Picture SHA-256 {inspection.image.sha256}",
            f"Anomaly map SHA-256 {inspection.map_sha256}",
            f"Report SHA-256 {revision.sha256}",
            f"Detector {detector.algorithm} on {detector.backbone}, version {detector.version}"
            f"   ·   judged by program version {inspection.program_version}, report saved by "
            f"{revision.program_version}   ·   printed {printed_at:%Y-%m-%d %H:%M:%S} UTC",
            *_written(revision),
        ],
        INK,
    )
