"""Figures as rows of a Markdown table."""

from __future__ import annotations

from core.evaluation.detection import DetectionFigures

HEADER = (
    "| set | normals (held out) | test good / defective | image AUROC | pixel AUROC "
    "| good: pass / review / fail | defective: pass / review / fail | guaranteed | taught in |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


def row(figures: DetectionFigures) -> str:
    """One row under `HEADER`."""
    pixel = "no masks" if figures.pixel_auroc is None else f"{figures.pixel_auroc:.4f}"
    return (
        f"| {figures.dataset} | {figures.train_normals} ({figures.held_out}) "
        f"| {figures.test_good} / {figures.test_defective} "
        f"| {figures.image_auroc:.4f} | {pixel} "
        f"| {_counts(figures.good_verdicts)} | {_counts(figures.defective_verdicts)} "
        f"| {figures.guaranteed_rate:.1%} | {figures.teach_seconds:.1f} s |"
    )


def _counts(verdicts: dict[str, int]) -> str:
    return " / ".join(str(count) for count in verdicts.values())
