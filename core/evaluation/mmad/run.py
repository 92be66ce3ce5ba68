"""Put MMAD's questions to a report writer, one at a time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from core.detection.base import OnProgress
from core.domain import JobStep
from core.domain.errors import EvaluationError, WriterError
from core.evaluation.mmad.answered import Answered, AnswerFile, Asked
from core.evaluation.mmad.asking import PROMPT_VERSION, letter_of, writers_question
from core.evaluation.mmad.figures import MmadFigures, figures_of
from core.evaluation.mmad.questions import (
    MmadQuestion,
    check_pictures,
    read_questions,
    sample_questions,
)
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model, find_model
from core.reporting.writers.contract import Writer
from core.reporting.writers.registry import open_writer

# After this many consecutive failures the run stops; it can be resumed.
MOST_FAILURES_IN_A_ROW = 5
MAX_KEPT_ANSWER_CHARS = 200


def run_mmad(
    questions_file: Path,
    root: Path | None,
    writer: str,
    settings: Settings,
    path: Path,
    *,
    limit: int | None = None,
    seed: int = 0,
    templates: int = 1,
    on_progress: OnProgress,
) -> MmadFigures:
    """Ask a writer MMAD's questions, each on its own, and count the right answers.

    MMAD's own scripts mostly ask several questions about a picture together. Asked on its own, no
    question can reveal the answer to another.

    Args:
        questions_file: MMAD's `mmad.json`.
        root: folder of its data sets; None: show no pictures, to measure what can be guessed from
            the text alone.
        writer: key of the catalogue.
        settings: give keys, weights and limits.
        path: file of the answers; if it already holds answers, the run is resumed.
        limit: number of questions, sampled evenly from subtasks and data sets; None: all.
        seed: of the draw.
        templates: number of normal parts to show beside each picture.
        on_progress: called with a step's name and the share of it that is done, 0..1.

    Raises:
        EvaluationError: if questions, pictures or answers cannot be used, or the writer sees none.
        WriterError: if the writer cannot run here, or fails again and again.
    """
    model = find_model(writer)
    _check_can_answer(model, root, templates)
    questions = sample_questions(read_questions(questions_file), limit, seed)
    if root is not None:
        shown = (name for each in questions for name in (each.image, *each.templates[:templates]))
        check_pictures(root, shown)
    asked = Asked(
        writer=writer,
        model=_name_of(model, settings),
        prompt=PROMPT_VERSION,
        images="" if root is None else str(root.resolve()),
        questions_sha256=hashlib.sha256(questions_file.read_bytes()).hexdigest(),
        limit=limit,
        seed=seed,
        templates=templates,
    )
    answers = AnswerFile(path, asked)
    answer = partial(_answer, model, open_writer(model, settings), settings, root, templates)
    # Failed questions are repeated once: a server's trouble may be over by then.
    for _ in range(2):
        _ask_what_is_left(questions, answer, answers, model, on_progress)
    on_progress(JobStep.ASK_QUESTIONS, 1)
    return figures_of(questions, answers.answers, asked, model)


def _ask_what_is_left(
    questions: Sequence[MmadQuestion],
    answer: Callable[[MmadQuestion], Answered],
    answers: AnswerFile,
    model: Model,
    on_progress: OnProgress,
) -> None:
    settled, failures = answers.settled, 0
    left = [question for question in questions if question.id not in settled]
    for done, question in enumerate(left, start=len(questions) - len(left)):
        on_progress(JobStep.ASK_QUESTIONS, done / len(questions))
        answered = answer(question)
        if not answered.error:
            failures = 0
        elif question.id not in answers.answers:
            # Earlier failures do not count towards this pass.
            failures += 1
        answers.add(answered)
        if failures == MOST_FAILURES_IN_A_ROW:
            raise WriterError(
                f"{model.title} failed {failures} times in a row, most recently: "
                f"{answered.error} {len(answers.settled)} answers are kept in {answers.path}; "
                "start the same run again to resume it."
            )


def _name_of(model: Model, settings: Settings) -> str:
    return model.model or settings.openai_compatible_model or model.key


def _check_can_answer(model: Model, root: Path | None, templates: int) -> None:
    if model.is_offline:
        raise EvaluationError(
            "The offline composer writes from what the detector measured and answers no questions. "
            "Name another writer: python -m core models."
        )
    if root is None:
        return
    if not model.images:
        raise EvaluationError(
            f"{model.title} takes no pictures. Ask it blind (--blind) for what can be guessed from "
            "the text alone, or name a writer that sees: python -m core models."
        )
    if templates >= model.most_pictures:
        raise EvaluationError(
            f"{model.title} takes {model.most_pictures} pictures at most: ask with "
            f"{model.most_pictures - 1} normal parts beside each, or fewer, not {templates}."
        )


def _answer(
    model: Model,
    writer: Writer,
    settings: Settings,
    root: Path | None,
    templates: int,
    question: MmadQuestion,
) -> Answered:
    started = time.perf_counter()
    try:
        put = writers_question(question, model, settings, root, templates=templates)
        answer = writer.answer(put)
    except (EvaluationError, WriterError) as error:
        return Answered(
            question=question.id, error=str(error), seconds=time.perf_counter() - started
        )
    return Answered(
        question=question.id,
        letter=letter_of(answer.text, question.options),
        # A server may send half of a surrogate pair, which UTF-8 cannot encode.
        text=answer.text[:MAX_KEPT_ANSWER_CHARS].encode("utf-8", "replace").decode(),
        seconds=time.perf_counter() - started,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost_usd=model.cost_usd(answer.input_tokens, answer.output_tokens),
    )
