"""MMAD's questions, the letters of answers, and figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain.errors import EvaluationError
from core.evaluation.mmad.answered import Answered, Asked
from core.evaluation.mmad.asking import letter_of
from core.evaluation.mmad.figures import figures_of, mmad_average
from core.evaluation.mmad.questions import MmadQuestion, read_questions, sample_questions
from core.reporting.catalogue import find_model
from tests.evaluation.mmad.runs import WRITER


def test_one_answer_to_everything_gets_a_half() -> None:
    def asked(number: int, folder: str) -> MmadQuestion:
        return MmadQuestion(
            id=f"{number}",
            image=f"VisA/candle/{folder}/{number}.jpg",
            subtask="Anomaly Detection",
            text="?",
            options={"A": "Yes.", "B": "No."},
            answer="B" if folder == "good" else "A",
            templates=(),
        )

    questions = [asked(0, "good"), *(asked(number, "bad") for number in range(1, 10))]

    assert mmad_average(questions, [False, *[True] * 9]) == 0.5


def test_chance_of_the_average_weighs_as_the_average_does(mmad: Path) -> None:
    detection, kind, *_ = read_questions(mmad / "mmad.json")

    shares = [1 / len(each.options) for each in (detection, kind, kind, kind)]

    assert mmad_average([detection, kind, kind, kind], shares) == pytest.approx((0.5 + 0.25) / 2)


def test_a_priced_run_knows_its_cost_though_a_question_failed(mmad: Path) -> None:
    questions = read_questions(mmad / "mmad.json")
    given = {
        each.id: Answered(
            question=each.id, letter="A", input_tokens=9, output_tokens=2, cost_usd=0.5
        )
        for each in questions[1:]
    }
    given[questions[0].id] = Answered(question=questions[0].id, error="refused")
    asked = Asked(writer=WRITER, model="m", prompt="1", images="", questions_sha256="0" * 64)

    figures = figures_of(questions, given, asked, find_model(WRITER))

    assert (figures.cost_usd, figures.tokens) == (3.5, 77)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "holds no questions"),
        ("{", "is not JSON"),
        ('{"a/good/1.png": {}}', "has no list 'conversation'"),
        ('{"a/good/1.png": {"conversation": []}}', "asks nothing"),
        ('{"": {"conversation": [{}]}}', r"\(image: "),
        ('{"![a](b)/1.png": {"conversation": [{}]}}', r"\(image: "),
        (
            '{"a/good/1.png": {"conversation": [{"Question": "?"}]}}',
            "Question 1 about a/good/1.png",
        ),
        (
            '{"a/good/1.png": {"conversation": [{"Question": "?", "Options": {"A": "x", "B": "y"}, '
            '"Answer": "C", "type": "t"}]}}',
            "the answer 'C' is none of A, B",
        ),
    ],
)
def test_broken_questions_are_named(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "mmad.json"
    file.write_text(text)

    with pytest.raises(EvaluationError, match=sentence):
        read_questions(file)


def test_a_draw_is_even_and_the_same_for_a_seed(mmad: Path) -> None:
    questions = read_questions(mmad / "mmad.json")

    four = sample_questions(questions, 4, seed=1)

    assert (
        sorted(each.subtask for each in four)
        == ["Anomaly Detection"] * 2 + ["Object Classification"] * 2
    )
    assert sample_questions(questions, 6, seed=1)[:4] == four
    assert sample_questions(questions, 4, seed=2) != four
    assert sample_questions(questions, None, seed=1) == questions


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ('{"answer": "B"}', "B"),
        ('```json\n{"answer": "b"}\n```', "B"),
        ("B", "B"),
        ("(B).", "B"),
        ("Answer: B.", "B"),
        ("B. No.", "B"),
        ('{"answer": "(B)"}', "B"),
        ('```JSON\n{"answer": "C) a screw"}\n```', "C"),
        ('"D"', "D"),
        ("B. Yes.", None),
        ("A. Yes, or B. No.", None),
        ("A or B", None),
        ("It is broken", None),
        ('{"answer": "E"}', None),
        ('{"answer": ["A", "B"]}', None),
        ("", None),
    ],
)
def test_only_one_letter_alone_is_an_answer(text: str, letter: str | None) -> None:
    assert letter_of(text, {"A": "Yes.", "B": "No.", "C": "A screw", "D": "A pill"}) == letter
