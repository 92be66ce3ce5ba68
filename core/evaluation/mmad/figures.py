"""Count the right answers to MMAD's questions, and estimate those expected by chance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import Field

from core.domain import Frozen
from core.evaluation.detection.tables import header, line, rate_text
from core.evaluation.mmad.answered import Answered, Asked
from core.evaluation.mmad.questions import DETECTION, MmadQuestion
from core.reporting.catalogue import Model
from core.statistics.intervals import Rate, exact_rate

COLUMNS = ("questions", "right", "by chance")


class Part(Frozen):
    """The questions of one subtask or data set."""

    name: str
    right: Rate
    chance: float = Field(description="share that is right when options are drawn at random")


class MmadFigures(Frozen):
    """Figures of one run. A missing answer, or one without a single letter, counts as wrong."""

    writer: str = Field(description="title")
    saw_pictures: bool
    asked: Asked
    right: Rate = Field(description="of all questions")
    chance: float
    average: float = Field(description="MMAD's: see `mmad_average`")
    average_by_chance: float = Field(description="of shares that are right by chance")
    subtasks: tuple[Part, ...]
    datasets: tuple[Part, ...]
    normals_passed: Rate | None = Field(
        description="of 'Anomaly Detection', pictures of good parts; None: none was asked about"
    )
    defects_found: Rate | None = Field(description="of 'Anomaly Detection', defective parts")
    unreadable: int = Field(description="answers that did not name exactly one option")
    failed: int = Field(description="questions without an answer")
    seconds: float = Field(description="total time of all answers")
    tokens: float | None = Field(description="read and written; None: not known for every answer")
    cost_usd: float | None = Field(description="None: price or tokens are not known")


def figures_of(
    questions: Sequence[MmadQuestion],
    answers: Mapping[str, Answered],
    asked: Asked,
    model: Model,
) -> MmadFigures:
    """Compute the figures of a run.

    Args:
        questions: at least one; unanswered ones count too.
        answers: by question.
        asked: describes the run.
        model: the model asked.
    """
    nothing = [Answered(question=each.id, error="not asked") for each in questions]
    given = [answers.get(none.question, none) for none in nothing]
    right = [one.letter == each.answer for each, one in zip(questions, given, strict=True)]
    subtasks = _parts(questions, right, [each.subtask for each in questions])
    detection = [each.subtask == DETECTION for each in questions]
    defective = [each.is_defective for each in questions]
    return MmadFigures(
        writer=model.title,
        saw_pictures=bool(asked.images),
        asked=asked,
        right=_rate(right),
        chance=_chance(questions),
        average=mmad_average(questions, right),
        average_by_chance=mmad_average(questions, [1 / len(each.options) for each in questions]),
        subtasks=subtasks,
        datasets=_parts(questions, right, [each.dataset for each in questions]),
        normals_passed=_rate_where(
            right, [one and not bad for one, bad in zip(detection, defective, strict=True)]
        ),
        defects_found=_rate_where(
            right, [one and bad for one, bad in zip(detection, defective, strict=True)]
        ),
        unreadable=sum(one.letter is None and not one.error for one in given),
        failed=sum(bool(one.error) for one in given),
        seconds=sum(one.seconds for one in given),
        tokens=_sum([_tokens(one) for one in given]),
        cost_usd=_sum([0.0 if one.error else one.cost_usd for one in given]),
    )


def mmad_average(questions: Sequence[MmadQuestion], right: Sequence[float]) -> float:
    """Compute MMAD's single figure for a model.

    It is the mean over data sets of the mean over their subtasks. A subtask contributes its share
    of right answers; 'Anomaly Detection' contributes the mean of the shares for good and for
    defective parts, so giving always the same answer scores one half.

    An answer that names no option counts as wrong here; MMAD's script leaves it out.

    Args:
        questions: at least one.
        right: for each question, 1 if answered right, else 0; or the chance of a right answer.
    """
    sides: dict[tuple[str, str, bool], list[float]] = defaultdict(list)
    for question, is_right in zip(questions, right, strict=True):
        is_apart = question.subtask == DETECTION and question.is_defective
        sides[question.dataset, question.subtask, is_apart].append(is_right)
    subtasks: dict[tuple[str, str], list[float]] = defaultdict(list)
    for (dataset, subtask, _), answers in sides.items():
        subtasks[dataset, subtask].append(float(np.mean(answers)))
    datasets: dict[str, list[float]] = defaultdict(list)
    for (dataset, _), shares in subtasks.items():
        datasets[dataset].append(float(np.mean(shares)))
    return float(np.mean([np.mean(shares) for shares in datasets.values()]))


def mmad_tables(figures: MmadFigures) -> str:
    """Render the figures as a Markdown table, with the conditions below it."""
    rows = [line(["all", *_cells(figures.right, figures.chance)])]
    rows += [line([part.name, *_cells(part.right, part.chance)]) for part in figures.subtasks]
    rows += [line([part.name, *_cells(part.right, part.chance)]) for part in figures.datasets]
    return "\n".join([header(COLUMNS), *rows]) + f"\n\n{conditions(figures)}"


def conditions(figures: MmadFigures) -> str:
    """Describe how the figures were obtained and what limits them."""
    asked = figures.asked
    saw = f"normal parts beside each picture: {asked.templates} at most"
    drawn = "all questions"
    if asked.limit is not None and asked.limit <= figures.right.out_of:
        drawn = (
            f"{asked.limit} questions drawn with seed {asked.seed}, evenly from subtasks and data "
            "sets,"
        )
    tokens = "not known" if figures.tokens is None else f"{figures.tokens:,.0f}"
    cost = "not known" if figures.cost_usd is None else f"{figures.cost_usd:.2f} USD"
    return (
        f"{figures.writer}, {saw if figures.saw_pictures else 'it saw no pictures'}; {drawn} of "
        f"the file {asked.questions_sha256[:12]}, each asked by itself. Average as MMAD has it: "
        f"{figures.average:.1%}, by chance {figures.average_by_chance:.1%}. "
        f"Anomaly Detection: good parts passed "
        f"{rate_text(figures.normals_passed)}, defects found {rate_text(figures.defects_found)}. "
        f"Answers that name no option alone: {figures.unreadable}, questions without an answer: "
        f"{figures.failed}; both count as wrong. {figures.seconds:.0f} s, tokens {tokens}, cost "
        f"{cost}. In brackets: exact 95 % intervals, as if the questions about one picture were "
        "independent. A model may have seen MMAD's pictures in its training."
    )


def _cells(right: Rate, chance: float) -> tuple[str, str]:
    return rate_text(right), f"{chance:.1%}"


def _parts(
    questions: Sequence[MmadQuestion], right: Sequence[bool], names: Sequence[str]
) -> tuple[Part, ...]:
    parts = []
    for name in dict.fromkeys(names):
        chosen = [number for number, each in enumerate(names) if each == name]
        parts.append(
            Part(
                name=name,
                right=_rate([right[number] for number in chosen]),
                chance=_chance([questions[number] for number in chosen]),
            )
        )
    return tuple(parts)


def _chance(questions: Sequence[MmadQuestion]) -> float:
    return float(np.mean([1 / len(each.options) for each in questions]))


def _rate(right: Sequence[bool]) -> Rate:
    rate = exact_rate(sum(right), len(right))
    if rate is None:
        raise ValueError("Expected at least one question.")
    return rate


def _rate_where(right: Sequence[bool], chosen: Sequence[bool]) -> Rate | None:
    counted = [one for one, is_chosen in zip(right, chosen, strict=True) if is_chosen]
    return exact_rate(sum(counted), len(counted))


def _tokens(answered: Answered) -> int | None:
    if answered.error:
        return 0
    if answered.input_tokens is None or answered.output_tokens is None:
        return None
    return answered.input_tokens + answered.output_tokens


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
