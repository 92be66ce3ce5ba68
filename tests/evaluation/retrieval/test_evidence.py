"""The figures of the evidence: questions, poses, and types that fit."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.domain.errors import EvaluationError
from core.evaluation.detection.datasets import read_dataset
from core.evaluation.retrieval.evidence import EvidenceFigures, evaluate_evidence, is_same_pose
from core.evaluation.retrieval.questions import (
    KnowledgeFigures,
    Question,
    evaluate_knowledge,
    read_questions,
)
from core.evaluation.retrieval.tables import evidence_tables, question_table
from core.imaging.registration import register
from core.infrastructure.settings import Settings
from core.interfaces.cli.main import main
from core.retrieval.knowledge.entries import read_entries
from tests.evaluation.conftest import draw_scratched_metal


def question(text: str, defect_type: str, kind: str = "plain") -> Question:
    return Question.model_validate(
        {
            "question": text,
            "kind": kind,
            "dataset": "ELPV",
            "category": "mono",
            "defect_type": defect_type,
        }
    )


def test_the_question_set_is_as_large_and_mixed_as_it_says() -> None:
    questions = read_questions()
    entries = {
        (entry.dataset, entry.category, entry.defect_type)
        for entry in read_entries(Settings().knowledge_file)
    }
    kinds = Counter(question.kind for question in questions)

    assert len(questions) >= 60
    assert len({question.product.key for question in questions}) >= 10
    assert 3 * (len(questions) - kinds["plain"]) >= len(questions)
    assert min(kinds["ko"], kinds["de"]) >= 10
    assert len({question.question for question in questions}) == len(questions)
    for item in questions:
        assert (item.dataset, item.category, item.defect_type) in entries, item


@pytest.fixture(scope="module")
def knowledge_figures(metal_station: Settings, tmp_path_factory) -> KnowledgeFigures:  # noqa: ANN001
    path = tmp_path_factory.mktemp("knowledge") / "knowledge.json"
    mono = {"crack": "A thin dark line.", "dark_spot": "A round blot.", "good": "Even and bright."}
    other = {"hole": "A hole in the fabric.", "crack": "A crack in the glass."}
    path.write_text(json.dumps({"ELPV": {"mono": mono}, "Plant": {"thing": other}}))
    asked = [
        question("a thin dark line", "crack"),
        question("a round blot", "dark_spot"),
        question("a hole in the fabric", "crack", "paraphrase"),
    ]
    return evaluate_knowledge(asked, metal_station.model_copy(update={"knowledge_file": path}))


def test_right_answers_are_counted(knowledge_figures: KnowledgeFigures) -> None:
    rows = {(row.kind, row.is_product_known): row for row in knowledge_figures.rows}

    assert set(rows) == {
        (kind, known) for kind in ("all", "plain", "paraphrase") for known in (True, False)
    }
    plain = rows["plain", False]
    assert (plain.hit_at_1.count, plain.hit_at_1.out_of, plain.mrr.value) == (2, 2, 1.0)
    wrong = rows["paraphrase", False]
    assert wrong.hit_at_1.count == 0, "another product's hole is nearer"
    assert wrong.mrr.value < 1
    assert rows["all", True].hit_at_3.count == 3
    assert "| plain (2) | not known | 2/2 = 100.0% [15.8, 100.0]" in question_table(
        knowledge_figures
    )


def test_questions_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    path = tmp_path / "questions.json"
    path.write_text('[{"question": "?"}]')

    with pytest.raises(EvaluationError, match="cannot be used"):
        read_questions(path)


@pytest.fixture(scope="module")
def part() -> np.ndarray:
    """A part without symmetry, on a noisy ground."""
    picture = np.random.default_rng(0).normal(90, 3, (240, 240, 3)).clip(0, 255).astype(np.uint8)
    cv2.rectangle(picture, (70, 70), (110, 170), (220, 220, 220), cv2.FILLED)
    cv2.rectangle(picture, (110, 70), (170, 100), (220, 220, 220), cv2.FILLED)
    cv2.circle(picture, (150, 150), 18, (20, 20, 20), cv2.FILLED)
    return picture


@pytest.mark.parametrize(
    ("angle", "dx", "dy", "is_same"),
    [
        (0, 0, 0, True),
        (7, 2, -3, True),
        (35, 0, 0, False),
        (125, 6, 4, False),
        (180, 0, 0, False),
        (0, 30, 0, False),
        (-3, -16, 12, False),
    ],
)
def test_a_known_movement_is_measured(
    part: np.ndarray, angle: float, dx: int, dy: int, is_same: bool
) -> None:
    matrix = cv2.getRotationMatrix2D((119.5, 119.5), angle, 1.0)
    matrix[:, 2] += (dx, dy)
    moved = cv2.warpAffine(part, matrix, (240, 240), borderMode=cv2.BORDER_REFLECT)

    found = register(moved, part)

    off = (found.rotation_deg - angle + 180) % 360 - 180
    assert abs(off) <= 2
    assert found.shift == pytest.approx(np.hypot(dx, dy) / 240, abs=1.5 / 96)
    assert found.correlation > 0.8
    assert is_same_pose(found) is is_same


@pytest.fixture(scope="module")
def metal_figures(tmp_path_factory: pytest.TempPathFactory, metal_station: Settings):  # noqa: ANN201
    folder = draw_scratched_metal(tmp_path_factory.mktemp("sets") / "magnetic_tile")
    (folder / "test" / "scratch").rename(folder / "test" / "crack")
    (folder / "ground_truth" / "scratch").rename(folder / "ground_truth" / "crack")
    return evaluate_evidence(
        read_dataset(folder), metal_station, limit=8, on_progress=lambda step, share: None
    )


def test_evidence_of_a_set(metal_figures: EvidenceFigures, metal_station: Settings) -> None:
    assert metal_figures.normals == 20
    assert metal_figures.poses.pictures == 8
    types = metal_figures.types
    assert types.known_types == 5, "the folder's name is the category of the knowledge"
    assert types.words is not None
    assert types.words.first.out_of >= 3
    assert types.crops is None, "one labelled type is nothing to rank"
    assert not metal_station.data_dir.joinpath("records.duckdb").exists(), "no trace"
    assert "| magnetic_tile | 20 / 8 |" in evidence_tables([metal_figures])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["evaluate"], "--data FOLDER"),
        (["evaluate", "retrieval", "--limit", "0"], "--limit must be 1 or more"),
        (["evaluate", "--data", "x", "--limit", "5"], "evaluate retrieval"),
        (["evaluate", "retrieval", "--data", "/no/folder"], "train/good"),
    ],
)
def test_what_cannot_be_measured_is_said(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert sentence in capsys.readouterr().err
