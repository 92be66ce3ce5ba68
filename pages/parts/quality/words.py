"""What figures say, in words: also for those who cannot see the chart."""

from __future__ import annotations

from core.domain import NOT_CLASSIFIED, Verdict
from core.statistics.control_charts import ChartRule
from core.statistics.intervals import Rate
from pages.parts.words import verdict_name
from pages.texts import number, percentage, t

SIGNS = {Verdict.PASS: "✓", Verdict.REVIEW: "◐", Verdict.FAIL: "✕"}


def rule_text(rule: ChartRule) -> str:
    """A rule of the control chart."""
    match rule:
        case ChartRule.BEYOND_LIMITS:
            return t("quality.rule_beyond")
        case ChartRule.ONE_SIDE:
            return t("quality.rule_side")
        case ChartRule.TREND:
            return t("quality.rule_trend")
        case ChartRule.TWO_OF_THREE:
            return t("quality.rule_two")


def verdict_cell(verdict: Verdict) -> str:
    """A verdict for the cells of a table, which show no icons."""
    return f"{SIGNS[verdict]} {verdict_name(verdict)}"


def type_text(name: str) -> str:
    """A defect type; the names themselves are the knowledge's."""
    if name == NOT_CLASSIFIED:
        return t("filters.not_classified")
    return name.replace("_", " ") or t("filters.no_defect")


def share_text(rate: Rate | None) -> str:
    """A rate; a dash where it is unknown, which the interval's place says in words."""
    return "–" if rate is None else percentage(rate.share, digits(rate))


def interval_text(rate: Rate | None) -> str:
    """Interval and n of a rate; without cases that it is unknown."""
    if rate is None:
        return t("quality.no_cases")
    return t(
        "quality.interval",
        low=percentage(rate.low, digits(rate)),
        high=percentage(rate.high, digits(rate)),
        count=number(rate.count),
        of=number(rate.out_of),
    )


def digits(rate: Rate) -> int:
    """Decimals of a percentage that its interval bears out."""
    return 1 if rate.high - rate.low > 0.004 else 2
