"""What the program states about its figures, in the console's language.

Records, REST and PDFs have the same statements in English: the `sentence()` of each.
"""

from __future__ import annotations

import math

from core.domain import Comparison, FalseAlarmRate, Likeness
from pages.texts import number, t


def guarantee_text(rate: FalseAlarmRate) -> str:
    """Say what share of good parts is stopped."""
    bound = points(rate.guaranteed)
    if rate.is_estimate:
        return t("statements.estimated", bound=bound, count=number(rate.held_out))
    text = t(
        "statements.guaranteed",
        bound=bound,
        confidence=points(rate.confidence),
        count=number(rate.held_out),
    )
    if rate.is_met:
        return text
    return f"{text} {t('statements.too_few', requested=points(rate.requested))}"


def likeness_text(likeness: Likeness) -> str:
    """Say how near the nearest normal part is."""
    count = number(likeness.normals)
    if likeness.farther_than == 1:
        return t("statements.farther_than_any", count=count)
    share = number(math.floor(100 * likeness.farther_than))
    if likeness.is_far:
        return t("statements.far", share=share, count=count)
    return t("statements.near", share=share, count=count)


def alignment_text(comparison: Comparison) -> str:
    """Say how far two pictures may be compared."""
    error = number(comparison.error, 2)
    if comparison.is_aligned:
        return t("statements.aligned", error=error)
    return t("statements.not_aligned", error=error)


def points(share: float) -> str:
    """Format a bound or a confidence in percent with up to three digits: 5, 99.9, 4.87.

    Wherever a guarantee is shown it has these digits, which are those of its sentence on record.
    """
    digits = len(f"{100 * share:.3g}".partition(".")[2])
    return number(100 * share, digits)
