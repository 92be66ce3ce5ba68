"""Measure the quality of the line and the machine: rates, agreement and Pareto charts.

Pure functions of counts. What is not known is None, never 0.

A person's disposition tells whether a part is good (use as is, false alarm) or bad (rework, repair,
scrap, return); "reinspect" leaves it open. Escapes are estimated from the audit: as long as
AUDIT_SHARE stays the same, the audited parts are a random sample of all passed ones. If it changed
within a period, evaluate the times before and after separately.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate

import numpy as np
from pydantic import Field

from core.domain import Disposition, Frozen, Verdict
from core.statistics.control_charts import PChart, Sample, p_chart
from core.statistics.counts import PeriodCount, TypeCount, VerdictCount, WritingCost
from core.statistics.intervals import Rate, exact_rate
from core.statistics.kappa import Kappa, KappaUnknown, cohen_kappa

COUNTED = ("inspected", "first", "first_passed", "reviewed", "failed")


class Rates(Frozen):
    """Shares of passed parts and of the machine's errors.

    A false alarm is a good part that was stopped (FAIL or REVIEW), an overkill one that was
    rejected (FAIL), and an escape a bad part that passed: everywhere in this program. How many good
    parts there are nobody knows of a line, so false alarms are given of the stopped parts here.

    First-pass yield counts the first inspection of each part; the other rates count inspections.
    """

    inspected: int
    first_pass_yield: Rate | None = Field(description="passed, of first inspections")
    rejected: Rate | None = Field(description="FAIL, of all")
    reviewed: Rate | None = Field(description="REVIEW, of all")
    false_alarms: Rate | None = Field(
        description="found good, of the stopped ones (FAIL, REVIEW) that a person decided"
    )
    stopped_undecided: int
    escape: Rate | None = Field(
        description="found bad, of the passed ones that were drawn for an audit and decided: an "
        "estimate for all that passed; None: unknown, because nothing was audited"
    )
    audits_undecided: int
    escapes_otherwise: int = Field(
        description="passed, not drawn, and found bad all the same: known ones beside the estimate"
    )


class FourFields(Frozen):
    """Parts that machine and person both judged good or bad."""

    passed_good: int
    passed_bad: int
    failed_good: int
    failed_bad: int

    @property
    def n(self) -> int:
        """Parts in the table."""
        return self.passed_good + self.passed_bad + self.failed_good + self.failed_bad

    @property
    def agreed(self) -> Rate | None:
        """Parts on which both gave the same answer."""
        return exact_rate(self.passed_good + self.failed_bad, self.n)

    def kappa(self) -> Kappa | None:
        """Compute the agreement beyond chance; None if one of the two gave only one answer."""
        return cohen_kappa(
            np.array([[self.passed_good, self.passed_bad], [self.failed_good, self.failed_bad]])
        )


class Agreement(FourFields):
    """Agreement of person and machine, over the inspections that both judged good or bad.

    Persons decide on nearly all rejected parts, but on hardly more than the audited passed ones:
    the table over-represents rejected parts. Who sees the machine's finding before deciding is no
    independent judge: agreement is measured on parts that were judged blind.
    """

    blind: FourFields = Field(description="of the first decision without the finding in view")
    kappa_of_blind: Kappa | KappaUnknown
    reviews: int = Field(description="decided ones that are left out: the machine did not judge")
    undecided: int = Field(description="PASS and FAIL without a decision on good or bad")


class Bar(Frozen):
    """One bar of a Pareto chart, whose shares are those of what persons confirmed."""

    name: str
    confirmed: float = Field(description="of parts whose type a person named")
    guessed: float = Field(description="of parts whose type was ranked first, and nothing more")
    share: float = Field(description="of all that is confirmed; 0 where nothing is")
    cumulative: float = Field(description="share of this bar and those before it")

    @property
    def amount(self) -> float:
        """Confirmed and guessed together."""
        return self.confirmed + self.guessed


class CostPareto(Frozen):
    """Costs by defect type, where the policy gives the cost of a disposition."""

    bars: tuple[Bar, ...]
    unpriced: int = Field(description="decided parts whose disposition has no cost")
    undecided: int = Field(description="parts without a disposition: they cost nothing yet")


class WriterTotal(Frozen):
    """Totals of one writer's drafts over all days."""

    writer: str
    drafts: int
    from_cache: int
    input_tokens: int
    output_tokens: int
    cost_usd: float = Field(description="of the drafts whose price is known")
    unpriced: int


def rates(counts: Sequence[VerdictCount]) -> Rates:
    """Compute the rates of counted verdicts, each with its exact interval and n."""

    def number(is_meant: Callable[[VerdictCount], object]) -> int:
        return sum(each.count for each in counts if is_meant(each))

    def stopped(each: VerdictCount) -> bool:
        return each.verdict is not Verdict.PASS

    stopped_good = number(lambda each: stopped(each) and _is_good(each.disposition) is True)
    stopped_bad = number(lambda each: stopped(each) and _is_good(each.disposition) is False)
    audited_good = number(lambda each: each.is_audited and _is_good(each.disposition) is True)
    audited_bad = number(lambda each: each.is_audited and _is_good(each.disposition) is False)
    inspected = number(lambda each: True)
    return Rates(
        inspected=inspected,
        first_pass_yield=exact_rate(
            number(lambda each: each.is_first and not stopped(each)),
            number(lambda each: each.is_first),
        ),
        rejected=exact_rate(number(lambda each: each.verdict is Verdict.FAIL), inspected),
        reviewed=exact_rate(number(lambda each: each.verdict is Verdict.REVIEW), inspected),
        false_alarms=exact_rate(stopped_good, stopped_good + stopped_bad),
        stopped_undecided=number(stopped) - stopped_good - stopped_bad,
        escape=exact_rate(audited_bad, audited_good + audited_bad),
        audits_undecided=number(lambda each: each.is_audited) - audited_good - audited_bad,
        escapes_otherwise=number(
            lambda each: (
                not stopped(each) and not each.is_audited and _is_good(each.disposition) is False
            )
        ),
    )


def agreement(counts: Iterable[VerdictCount]) -> Agreement:
    """Measure how far person and machine agree on which parts are good."""
    table: Counter[tuple[Verdict, bool | None]] = Counter()
    blind: Counter[tuple[Verdict, bool | None]] = Counter()
    for each in counts:
        table[each.verdict, _is_good(each.disposition)] += each.count
        blind[each.verdict, _is_good(each.blind_disposition)] += each.count
    judged_blind = FourFields(**_cells(blind))
    return Agreement(
        **_cells(table),
        blind=judged_blind,
        kappa_of_blind=KappaUnknown.NOT_BLIND
        if judged_blind.n == 0
        else judged_blind.kappa() or KappaUnknown.ONE_ANSWER,
        reviews=table[Verdict.REVIEW, True] + table[Verdict.REVIEW, False],
        undecided=table[Verdict.PASS, None] + table[Verdict.FAIL, None],
    )


def _cells(table: Counter[tuple[Verdict, bool | None]]) -> dict[str, int]:
    return {
        "passed_good": table[Verdict.PASS, True],
        "passed_bad": table[Verdict.PASS, False],
        "failed_good": table[Verdict.FAIL, True],
        "failed_bad": table[Verdict.FAIL, False],
    }


def defect_pareto(counts: Iterable[TypeCount]) -> tuple[Bar, ...]:
    """Count defective parts by type, the most frequent first; false alarms are left out."""
    return _bars((each, each.count) for each in counts if each.disposition is not Disposition.VOID)


def cost_pareto(
    counts: Iterable[TypeCount], costs: Mapping[str, Mapping[Disposition, float]]
) -> CostPareto | None:
    """Sum the cost by defect type, the highest first; false alarms count with their cost.

    Args:
        counts: of defective parts and false alarms.
        costs: of a part, by product and disposition (`Policy.disposition_costs`).

    Returns:
        None if no cost is set.
    """
    if not any(costs.values()):
        return None
    amounts: list[tuple[TypeCount, float]] = []
    unpriced = undecided = 0
    for each in counts:
        if each.disposition is None:
            undecided += each.count
            continue
        cost = costs.get(each.product_key, {}).get(each.disposition)
        if cost is None:
            unpriced += each.count
        else:
            amounts.append((each, cost * each.count))
    return CostPareto(bars=_bars(amounts), unpriced=unpriced, undecided=undecided)


def foremost(bars: Sequence[Bar], most: int, others: str) -> tuple[Bar, ...]:
    """Keep the first bars of a Pareto chart, and merge the rest into one named `others`."""
    if len(bars) <= most:
        return tuple(bars)
    kept, rest = bars[: most - 1], bars[most - 1 :]
    together = Bar(
        name=others,
        confirmed=sum(bar.confirmed for bar in rest),
        guessed=sum(bar.guessed for bar in rest),
        share=sum(bar.share for bar in rest),
        cumulative=rest[-1].cumulative,
    )
    return (*kept, together)


def newest_chart(periods: Sequence[PeriodCount], *, with_reviews: bool, most: int) -> PChart | None:
    """Compute the p-chart of the newest periods, with limits from those periods only.

    Args:
        periods: in order of time.
        with_reviews: whether REVIEW counts as nonconforming beside FAIL.
        most: largest number of periods, to keep points distinguishable on a screen.
    """
    return p_chart(
        [
            Sample(
                label=each.label,
                inspected=each.inspected,
                nonconforming=each.failed + (each.reviewed if with_reviews else 0),
            )
            for each in periods[-most:]
        ]
    )


def by_shift(periods: Iterable[PeriodCount]) -> tuple[PeriodCount, ...]:
    """Sum shifts that begin at the same time of day, labelled with it."""
    totals: dict[str, PeriodCount] = {}
    for each in periods:
        label = f"{each.start:%H:%M}"
        before = totals.get(label)
        totals[label] = each.model_copy(
            update={"label": label}
            if before is None
            else {
                "label": label,
                "start": before.start,
                **{name: getattr(each, name) + getattr(before, name) for name in COUNTED},
            }
        )
    return tuple(totals[label] for label in sorted(totals))


def writer_totals(costs: Iterable[WritingCost]) -> tuple[WriterTotal, ...]:
    """Sum the drafts, tokens and cost of each writer, the most expensive first."""
    summed = ("drafts", "from_cache", "input_tokens", "output_tokens", "cost_usd", "unpriced")
    totals: dict[str, dict[str, float]] = {}
    for each in costs:
        of_writer = totals.setdefault(each.writer, dict.fromkeys(summed, 0))
        for name in summed:
            of_writer[name] += getattr(each, name)
    found = [WriterTotal.model_validate({"writer": w, **t}) for w, t in totals.items()]
    return tuple(sorted(found, key=lambda total: (-total.cost_usd, total.writer)))


def _bars(amounts: Iterable[tuple[TypeCount, float]]) -> tuple[Bar, ...]:
    """Sum amounts by type; the order is that of what is confirmed, then of what is guessed."""
    confirmed: defaultdict[str, float] = defaultdict(float)
    guessed: defaultdict[str, float] = defaultdict(float)
    for each, amount in amounts:
        (confirmed if each.is_confirmed else guessed)[each.defect_type] += amount
    names = sorted(
        (name for name in {*confirmed, *guessed} if confirmed[name] + guessed[name] > 0),
        key=lambda name: (-confirmed[name], -guessed[name], name),
    )
    whole = sum(confirmed.values()) or 1
    so_far = accumulate(confirmed[name] for name in names)
    return tuple(
        Bar(
            name=name,
            confirmed=confirmed[name],
            guessed=guessed[name],
            share=confirmed[name] / whole,
            cumulative=sum_ / whole,
        )
        for name, sum_ in zip(names, so_far, strict=True)
    )


def _is_good(disposition: Disposition | None) -> bool | None:
    return None if disposition is None else disposition.is_of_good_part
