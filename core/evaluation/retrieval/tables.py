"""Render the figures of the evidence as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence

from core.evaluation.detection.tables import NONE, estimate_text, header, line, rate_text
from core.evaluation.retrieval.evidence import EvidenceFigures, RankFigures
from core.evaluation.retrieval.questions import KnowledgeFigures

QUESTION_COLUMNS = ("questions", "product", "right entry first", "among the first 3", "MRR")
POSE_COLUMNS = (
    "set",
    "normals / pictures",
    "same pose, nearest normal",
    "same pose, random normal",
    "grey difference, nearest",
    "grey difference, random",
)
TYPE_COLUMNS = (
    "set",
    "known types",
    "shape, size, place",
    "labelled crops",
    "without near duplicates",
)
KIND_NAMES = {"ko": "Korean", "de": "German"}
QUESTION_NOTES = """\
Encoder {encoder}; {products} products; the questions are in \
`core/evaluation/retrieval/questions.json`, written before any was asked. With the product \
known, only its entries are searched, else all. \
In brackets: 95 % intervals, exact for counts, bootstrap for the mean reciprocal rank (MRR)."""
EVIDENCE_NOTES = """\
Same pose: registered with the test picture, the normal is turned by 10 degrees at most and moved \
by 3 % of the side at most; one that does not lie on it at all is in another pose. Grey \
difference: mean over the pixels, of 255, not aligned. Types: share of defects whose right type \
ranks first (among three), by the words of what was measured, and by the likeness of crops \
labelled on other pictures; 'without near duplicates' leaves out crops with a cosine of 0.9 or \
more, which may show the same part. Only defects that the detector found are counted, the \
strongest true one of each picture."""


def question_table(figures: KnowledgeFigures) -> str:
    """Render the table of the knowledge search with its notes."""
    rows = [
        line(
            [
                f"{KIND_NAMES.get(row.kind, row.kind)} ({row.hit_at_1.out_of})",
                "known" if row.is_product_known else "not known",
                rate_text(row.hit_at_1),
                rate_text(row.hit_at_3),
                estimate_text(row.mrr),
            ]
        )
        for row in figures.rows
    ]
    notes = QUESTION_NOTES.format(encoder=figures.encoder, products=figures.products)
    return "\n".join([header(QUESTION_COLUMNS), *rows, "", notes])


def evidence_tables(all_figures: Sequence[EvidenceFigures]) -> str:
    """Render the tables of exemplars and of types with their notes."""
    poses = [header(POSE_COLUMNS), *map(_pose_row, all_figures)]
    types = [header(TYPE_COLUMNS), *map(_type_row, all_figures)]
    calibrations = [
        f"{figures.dataset}: {figures.types.calibration}"
        for figures in all_figures
        if figures.types.calibration
    ]
    left_out = [
        f"{each.dataset}: left out: {text}" for each in all_figures for text in each.left_out
    ]
    return "\n".join([*poses, "", *types, "", EVIDENCE_NOTES, *calibrations, *left_out])


def _pose_row(figures: EvidenceFigures) -> str:
    poses = figures.poses
    return line(
        [
            figures.dataset,
            f"{figures.normals} / {poses.pictures}",
            rate_text(poses.same_pose_nearest),
            rate_text(poses.same_pose_random),
            *(
                f"{value.value:.1f} [{value.low:.1f}, {value.high:.1f}]"
                for value in (poses.difference_nearest, poses.difference_random)
            ),
        ]
    )


def _type_row(figures: EvidenceFigures) -> str:
    types = figures.types
    rankings = (types.words, types.crops, types.crops_of_other_parts)
    return line([figures.dataset, str(types.known_types), *map(_rank_text, rankings)])


def _rank_text(figures: RankFigures | None) -> str:
    if figures is None:
        return NONE
    return f"{rate_text(figures.first)} ({figures.among_three.share:.0%})"
