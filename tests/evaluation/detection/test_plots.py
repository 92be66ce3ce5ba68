"""What `evaluate --out` writes, through the command line once and piece by piece."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from core.domain import Verdict
from core.evaluation.detection.figures import DetectionFigures, measure
from core.evaluation.detection.judging import Judged, JudgedPicture
from core.evaluation.detection.plots import (
    MAX_MISTAKES,
    roc_page,
    save_evaluation,
    scores_page,
    worst_mistakes,
)
from core.infrastructure.settings import Settings

REPOSITORY = Path(__file__).parents[3]


def with_mistakes(judged: Judged) -> Judged:
    """The same pictures, all of them judged wrongly."""

    def wrong(picture: JudgedPicture) -> JudgedPicture:
        verdict = Verdict.PASS if picture.item.is_defective else Verdict.REVIEW
        return dataclasses.replace(picture, verdict=verdict)

    return dataclasses.replace(judged, pictures=[wrong(p) for p in judged.pictures] * 2)


def test_worst_come_first(evaluated_metal: tuple[DetectionFigures, Judged]) -> None:
    mistakes = worst_mistakes(with_mistakes(evaluated_metal[1]).pictures)

    escapes = [picture.score for name, picture in mistakes if name.startswith("escape")]
    alarms = [picture.score for name, picture in mistakes if name.startswith("false-alarm")]
    assert len(escapes) == len(alarms) == MAX_MISTAKES
    assert escapes == sorted(escapes)
    assert alarms == sorted(alarms, reverse=True)


def test_pictures_of_mistakes(
    evaluated_metal: tuple[DetectionFigures, Judged], metal_station: Settings, tmp_path: Path
) -> None:
    figures, judged = evaluated_metal

    save_evaluation(tmp_path, figures, with_mistakes(judged), metal_station)

    drawn = sorted((tmp_path / "worst").iterdir())
    assert len(drawn) == 2 * MAX_MISTAKES
    escape = cv2.imread(str(drawn[0]))
    assert escape is not None
    height, width = escape.shape[:2]
    assert width == 2 * height
    plain, overlay = escape[:, :height].astype(int), escape[:, height:].astype(int)
    assert abs(plain - overlay).mean() > 2
    save_evaluation(tmp_path, figures, judged, metal_station)
    right = [path.name for path in (tmp_path / "worst").iterdir()]
    assert len(right) == len(worst_mistakes(judged.pictures)), "those of an earlier run are gone"


def test_pages_show_what_was_measured(evaluated_metal: tuple[DetectionFigures, Judged]) -> None:
    figures, judged = evaluated_metal
    scores, labels = judged.scores, judged.labels

    histogram = scores_page(figures, scores, labels)
    curves = roc_page(figures, scores, labels)

    assert [len(trace.x) for trace in histogram.data] == [4, 5]
    assert [line.x0 for line in histogram.layout.shapes] == [figures.t_low, figures.t_high]
    roc = curves.data[0]
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    at_review = next(trace for trace in curves.data if trace.name == "review threshold")
    assert figures.verdicts.false_alarms is not None
    assert at_review.x[0] == pytest.approx(figures.verdicts.false_alarms.share)


def test_good_pictures_alone_have_no_curve(
    evaluated_metal: tuple[DetectionFigures, Judged], metal_station: Settings, tmp_path: Path
) -> None:
    _, judged = evaluated_metal
    good = [picture for picture in judged.pictures if not picture.item.is_defective]
    judged = dataclasses.replace(judged, pictures=good)

    save_evaluation(tmp_path, measure(judged), judged, metal_station)

    assert (tmp_path / "scores.html").exists()
    assert not (tmp_path / "roc.html").exists()


@pytest.mark.slow
def test_command_line(scratched_metal: Path, tmp_path: Path, model_cache: Path) -> None:
    command = [sys.executable, "-m", "core", "evaluate", "--data", str(scratched_metal), "--json"]
    costs = ["--cost-ratio", "20", "--prevalence", "0.05"]

    done = subprocess.run(
        [*command, *costs, "--out", str(tmp_path / "out")],
        cwd=REPOSITORY,
        env=os.environ | {"DATA_DIR": str(tmp_path / "data"), "MODEL_CACHE": str(model_cache)},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr
    figures = DetectionFigures.model_validate_json(done.stdout)
    assert figures.costs is not None
    folder = tmp_path / "out" / "metal"
    assert json.loads((folder / "figures.json").read_text()) == json.loads(done.stdout)
    for page in ("roc.html", "scores.html"):
        text = (folder / page).read_text()
        assert "metal" in text
        assert '<script src="http' not in text, "a page opens without a network"
