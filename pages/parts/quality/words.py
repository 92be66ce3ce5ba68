"""What figures say, in words: also for those who cannot see the chart."""

from __future__ import annotations

from core.domain import NOT_CLASSIFIED, InspectionSummary, Verdict
from core.statistics.intervals import Rate
from pages.texts import number, percentage, t
from pages.texts.labels import label

SIGNS = {Verdict.PASS: "✓", Verdict.REVIEW: "◐", Verdict.FAIL: "✕"}


def verdict_cell(verdict: Verdict) -> str:
    """Name a verdict with a sign, for table cells, which show no icons."""
    return f"{SIGNS[verdict]} {label(verdict)}"


def finding_cell(summary: InspectionSummary) -> str:
    """Name the verdict of a listed inspection, unless it is hidden for an audit."""
    return t("sealed.cell") if summary.is_sealed else verdict_cell(summary.verdict)


def type_text(name: str) -> str:
    """Name a defect type; the names themselves come from the knowledge."""
    if name == NOT_CLASSIFIED:
        return t("filters.not_classified")
    return name.replace("_", " ") or t("filters.no_defect")


def share_text(rate: Rate | None) -> str:
    """Format a rate; a dash where it is unknown: `interval_text` says so in words."""
    return "–" if rate is None else percentage(rate.share, digits(rate))


def interval_text(rate: Rate | None) -> str:
    """Format interval and n of a rate; without cases, say that it is unknown."""
    if rate is None:
        return t("quality.no_cases")
    return t(
        "quality.interval",
        low=percentage(rate.low, digits(rate)),
        high=percentage(rate.high, digits(rate)),
        count=number(rate.count),
        of=number(rate.out_of),
    )


def bounds_text(rate: Rate | None) -> str:
    """Format the interval of a rate alone."""
    if rate is None:
        return "–"
    return f"{percentage(rate.low, digits(rate))} – {percentage(rate.high, digits(rate))}"


def digits(rate: Rate) -> int:
    """Choose as many decimals of a percentage as its interval supports."""
    return 1 if rate.high - rate.low > 0.004 else 2
