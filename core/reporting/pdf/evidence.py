"""The printed evidence: similar normal parts, the same places on them, and knowledge."""

from __future__ import annotations

import io
from collections.abc import Sequence

from core.domain import ComparedPair, Exemplar, Inspection, Snippet, StepName
from core.reporting.pdf.page import THUMBNAIL_HEIGHT_MM, ReportPage, shorten

LOOKED_UP = {StepName.EXEMPLARS, StepName.COMPARE, StepName.KNOWLEDGE}
SNIPPET_LETTERS = 330


def print_evidence(
    page: ReportPage,
    inspection: Inspection,
    exemplars: Sequence[tuple[Exemplar, bytes | None]],
    pairs: Sequence[ComparedPair],
    limit: int,
    *,
    snippets: Sequence[Snippet],
) -> None:
    """Print what the findings stand on, and what was switched off or failed.

    Args:
        page: under whose last block it goes.
        inspection: what was found.
        exemplars: normal parts with their pictures (None: not on this station).
        pairs: up to three.
        limit: characters of a text.
        snippets: knowledge that bears on the part.
    """
    missing = [
        f"The step '{step.name}' {'failed' if step.status == 'failed' else 'was off'}: "
        f"{shorten(step.reason, limit)}"
        for step in inspection.steps
        if step.name in LOOKED_UP and step.status != "ok"
    ]
    if not exemplars and not snippets and not missing:
        return
    page.heading("Evidence", THUMBNAIL_HEIGHT_MM + 12 if exemplars else 12)
    _exemplars(page, inspection, exemplars)
    _pairs(page, pairs, limit)
    for snippet in snippets:
        page.labelled(
            snippet.id,
            f"{snippet.scope}, {snippet.title} ({snippet.place}, "
            f"similarity {snippet.similarity:.2f}): "
            f"{shorten(snippet.text, min(limit, SNIPPET_LETTERS))}",
        )
    for sentence in missing:
        page.note(sentence)


def _exemplars(
    page: ReportPage,
    inspection: Inspection,
    exemplars: Sequence[tuple[Exemplar, bytes | None]],
) -> None:
    from PIL import Image

    shown = [
        (Image.open(io.BytesIO(data)), _named(exemplar, 26))
        for exemplar, data in exemplars
        if data is not None
    ]
    if shown:
        page.thumbnails(shown, "Most similar normal parts")
    absent = [_named(exemplar, 60) for exemplar, data in exemplars if data is None]
    if absent:
        page.note(
            "Similar normal parts whose pictures are not on this station: " + "; ".join(absent)
        )
    if inspection.likeness is not None:
        page.note(inspection.likeness.sentence())


def _pairs(page: ReportPage, pairs: Sequence[ComparedPair], limit: int) -> None:
    from PIL import Image

    shown = [
        (
            Image.open(io.BytesIO(pair.pictures[0])),
            Image.open(io.BytesIO(pair.pictures[1])),
            f"{pair.comparison.defect_id}, this part and the nearest normal",
        )
        for pair in pairs
        if pair.pictures is not None
    ]
    if shown:
        page.pairs(
            shown,
            "The same place on the nearest normal part, "
            f"{shorten(pairs[0].comparison.filename, 40)}. {pairs[0].comparison.sentence()}",
        )
    problems = {pair.problem for pair in pairs if pair.pictures is None}
    for problem in sorted(problems):
        page.note(f"The same place on the nearest normal part: {shorten(problem, limit)}")


def _named(exemplar: Exemplar, length: int) -> str:
    return f"{shorten(exemplar.filename, length)}, similarity {exemplar.similarity:.3f}"
