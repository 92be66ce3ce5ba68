"""Render figures as Markdown tables, with a row for each labelled set."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain import FalseAlarmRate, percent
from core.evaluation.detection.costs import PairCost
from core.evaluation.detection.estimates import Estimate
from core.evaluation.detection.figures import DetectionFigures
from core.statistics.intervals import Rate

DETECTION_COLUMNS = (
    "set",
    "normals (held out)",
    "good / defective",
    "image AUROC",
    "AUPR",
    "F1 at review threshold (oracle)",
    "false alarms",
    "overkills",
    "to review",
    "escapes",
    "guaranteed",
    "teach / predict / measure",
)
LOCALISATION_COLUMNS = (
    "set",
    "pictures",
    "pixel AUROC",
    "AUPRO to FPR 0.3",
    "Dice",
    "IoU",
    "defects touched",
    "findings on a defect",
    "IoU of pairs (number)",
)
COST_COLUMNS = (
    "set",
    "cost of escape / review / overkill, prevalence",
    "thresholds",
    "review from, fail from",
    "escapes",
    "overkills",
    "to review",
    "cost of a part",
)
NONE = "–"
NOTES = """\
In brackets: 95 % intervals, exact ones for counts and bootstrap over pictures for areas \
(exact where all resamples agree). False alarms are good pictures not passed (REVIEW or FAIL), \
overkills those that FAIL; escapes are defective pictures that PASS. The thresholds come from \
held-out training normals; only the oracle F1 has its threshold from the test labels, and shows \
what the best threshold could reach. \
'Guaranteed' is the bound on good parts stopped at the review threshold. Dice and IoU are those \
of the map from the review threshold on, all pixels together; pairs are found and true defects \
matched one to one."""
COST_NOTES = """\
Costs are expected of a part, in overkills, at the prevalence named, as is the share to review; a \
review is taken to find the truth. The chosen pair is the cheapest on one half of the labelled \
pictures; both pairs are measured on the other half, where another may well be cheaper. It stands \
or falls with labels of defects like those to come."""


def header(columns: Sequence[str]) -> str:
    """Render the first two lines of a table."""
    return f"{line(columns)}\n{line(['---'] * len(columns))}"


def detection_row(figures: DetectionFigures) -> str:
    """Render a row of the table of verdicts."""
    ranking, verdicts = figures.ranking, figures.verdicts
    if ranking is None:
        ranked = [NONE] * 3
    else:
        f1 = f"{ranking.f1_at_t_low:.3f} ({ranking.f1_oracle:.3f})"
        ranked = [estimate_text(ranking.auroc), estimate_text(ranking.aupr), f1]
    seconds = [f"{figures.seconds[step]:.1f}" for step in ("teach", "predict", "measure")]
    return line(
        [
            figures.dataset,
            f"{figures.train_normals} ({figures.held_out})",
            f"{figures.test_good} / {figures.test_defective}",
            *ranked,
            rate_text(verdicts.false_alarms),
            rate_text(verdicts.overkills),
            rate_text(verdicts.review),
            rate_text(verdicts.escapes),
            _bound(figures.false_alarm),
            f"{' / '.join(seconds)} s",
        ]
    )


def localisation_row(figures: DetectionFigures) -> str:
    """Render a row of the table of localisation."""
    pixels, places = figures.pixels, figures.localisation
    if pixels is None:
        covered = ["no masks", *[NONE] * 4]
    else:
        covered = [str(pixels.pictures), f"{pixels.auroc:.3f}", estimate_text(pixels.aupro)]
        covered += [f"{pixels.dice:.3f}", f"{pixels.iou:.3f}"]
    if places is None:
        placed = [NONE] * 3
    else:
        iou = NONE if places.mean_iou is None else f"{places.mean_iou:.3f} ({places.matched})"
        placed = [rate_text(places.recall), rate_text(places.precision), iou]
    return line([figures.dataset, *covered, *placed])


def cost_rows(figures: DetectionFigures) -> list[str]:
    """Render rows of the table of costs, one for each pair; none if costs were not requested."""
    costs = figures.costs
    if costs is None:
        return []
    rule = costs.rule
    rows: list[tuple[str, PairCost]] = [
        ("chosen on the other half", costs.chosen),
        ("calibrated", costs.calibrated),
    ]
    return [
        line(
            [
                figures.dataset,
                f"{rule.ratio:g} / {rule.review:g} / 1, {rule.prevalence:.1%}",
                name,
                f"{at.t_low:.4g}, {at.t_high:.4g}",
                rate_text(at.escapes),
                rate_text(at.overkills),
                f"{at.reviewed:.1%}",
                f"{at.cost:.4f}",
            ]
        )
        for name, at in rows
    ]


def further_tables(all_figures: Sequence[DetectionFigures]) -> str:
    """Render what follows the table of verdicts: localisation, costs if requested, and notes."""
    parts = [
        "\n".join([header(LOCALISATION_COLUMNS), *map(localisation_row, all_figures)]),
        NOTES,
    ]
    costs = [row for figures in all_figures for row in cost_rows(figures)]
    if costs:
        parts += ["\n".join([header(COST_COLUMNS), *costs]), COST_NOTES]
    left_out = [f"- {each.dataset}: {text}" for each in all_figures for text in each.left_out]
    if left_out:
        parts.append("\n".join(["Left out:", "", *left_out]))
    return "\n\n".join(parts)


def line(cells: Sequence[str]) -> str:
    """Render a row of a table."""
    return f"| {' | '.join(cells)} |"


def _bound(false_alarm: FalseAlarmRate) -> str:
    estimate = " (an estimate)" if false_alarm.is_estimate else ""
    return f"{percent(false_alarm.guaranteed, 3)}{estimate}"


def estimate_text(estimate: Estimate) -> str:
    """Render a figure with its interval."""
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def rate_text(rate: Rate | None) -> str:
    """Render a count with its share and its interval in percent."""
    if rate is None:
        return NONE
    interval = f"[{100 * rate.low:.1f}, {100 * rate.high:.1f}]"
    return f"{rate.count}/{rate.out_of} = {rate.share:.1%} {interval}"
