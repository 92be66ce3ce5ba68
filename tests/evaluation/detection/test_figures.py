"""The evaluation's figures, on generated and on real labelled sets."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from core.domain import Verdict
from core.domain.errors import EvaluationError, ImageError
from core.evaluation.detection import judging, tables
from core.evaluation.detection.datasets import read_dataset, read_datasets
from core.evaluation.detection.figures import DetectionFigures, evaluate_detection, measure
from core.evaluation.detection.judging import Judged, JudgedPicture
from core.infrastructure.settings import Settings

Evaluated = tuple[DetectionFigures, Judged]


def evaluate(folder: Path, station_settings: Settings) -> DetectionFigures:
    return evaluate_detection(read_dataset(folder), station_settings, on_progress=lambda *_: None)[
        0
    ]


def relabelled(judged: Judged, change: Callable[[JudgedPicture], JudgedPicture]) -> Judged:
    return dataclasses.replace(judged, pictures=[change(p) for p in judged.pictures])


def test_figures_of_a_set_that_is_easy(evaluated_metal: Evaluated, metal_station: Settings) -> None:
    figures, judged = evaluated_metal

    assert (figures.train_normals, figures.held_out) == (20, 6)
    assert (figures.test_good, figures.test_defective, figures.truth_unknown) == (4, 5, 0)
    assert figures.ranking is not None
    assert figures.ranking.auroc.value == figures.ranking.aupr.value == 1
    assert figures.ranking.f1_oracle == 1
    assert figures.pixels is not None
    assert figures.pixels.pictures == 9
    assert figures.pixels.auroc > 0.95
    assert 0.7 < figures.pixels.aupro.value <= 1
    assert figures.pixels.iou == pytest.approx(
        figures.pixels.dice / (2 - figures.pixels.dice), abs=1e-5
    )
    assert figures.localisation is not None
    assert figures.localisation.recall is not None
    assert figures.localisation.recall.share == 1
    assert figures.verdicts.escapes is not None
    assert (figures.verdicts.escapes.count, figures.verdicts.escapes.out_of) == (0, 5)
    assert figures.verdicts.defective["PASS"] == 0
    assert figures.costs is not None
    assert not metal_station.data_dir.joinpath("records.duckdb").exists(), "no trace in the records"
    assert not metal_station.ad_checkpoint_dir.exists()
    assert judged.seconds["teach"] > 0


def test_errors_at_the_thresholds_are_counted(evaluated_metal: Evaluated) -> None:
    verdicts = iter(["PASS", "REVIEW", "FAIL", "FAIL", "PASS", "PASS", "REVIEW", "FAIL", "FAIL"])
    judged = relabelled(
        evaluated_metal[1], lambda p: dataclasses.replace(p, verdict=Verdict(next(verdicts)))
    )

    found = measure(judged).verdicts

    assert found.good == {"PASS": 1, "REVIEW": 1, "FAIL": 2}
    assert found.defective == {"PASS": 2, "REVIEW": 1, "FAIL": 2}
    rates = (found.false_alarms, found.overkills, found.review, found.escapes, found.not_failed)
    counts = [(rate.count, rate.out_of) for rate in rates if rate is not None]
    assert counts == [(3, 4), (2, 4), (2, 9), (2, 5), (3, 5)]


def test_labels_swapped_turn_the_figure_around(evaluated_metal: Evaluated) -> None:
    def swapped(picture: JudgedPicture) -> JudgedPicture:
        kind = "good" if picture.item.is_defective else "scratch"
        item = dataclasses.replace(picture.item, defect_type=kind)
        return dataclasses.replace(picture, item=item)

    figures = measure(relabelled(evaluated_metal[1], swapped))

    assert figures.ranking is not None
    assert figures.ranking.auroc.value == figures.ranking.auroc.low == 0
    assert figures.ranking.auroc.high < 1


def test_good_pictures_alone(evaluated_metal: Evaluated) -> None:
    _, judged = evaluated_metal
    good = [picture for picture in judged.pictures if not picture.item.is_defective]

    figures = measure(dataclasses.replace(judged, pictures=good))

    assert figures.ranking is None
    assert figures.pixels is None
    assert figures.localisation is None
    assert figures.verdicts.escapes is None
    assert figures.verdicts.false_alarms is not None
    check_tables(figures)


def test_masks_absent_and_empty(scratched_metal: Path, station_settings: Settings) -> None:
    masks = sorted((scratched_metal / "ground_truth" / "scratch").iterdir())
    for mask in masks:
        mask.unlink()

    odd = scratched_metal / "test" / "scratch"
    (odd / "torn.png").write_bytes((odd / "000.png").read_bytes()[:900])
    (odd / "notes.txt").write_text("a note")

    figures = evaluate(scratched_metal, station_settings)

    assert figures.test_defective == figures.truth_unknown == 5
    no_picture, torn, no_mask = figures.left_out
    assert no_picture == "scratch: notes.txt holds text, not a picture."
    assert torn.startswith("scratch: torn.png is damaged")
    assert no_mask.startswith("5 of 5 defective pictures have no mask")
    assert "Left out:" in tables.further_tables([figures])
    assert figures.pixels is None
    assert figures.localisation is None
    assert figures.ranking is not None
    check_tables(figures)


def check_tables(figures: DetectionFigures) -> None:
    """Every row has as many cells as its header."""
    pairs = [
        (tables.DETECTION_COLUMNS, tables.detection_row(figures)),
        (tables.LOCALISATION_COLUMNS, tables.localisation_row(figures)),
        *((tables.COST_COLUMNS, row) for row in tables.cost_rows(figures)),
    ]
    for columns, row in pairs:
        assert row.count("|") == tables.header(columns).splitlines()[0].count("|")
        assert figures.dataset in row


def test_tables(evaluated_metal: Evaluated) -> None:
    figures, _ = evaluated_metal

    check_tables(figures)
    assert len(tables.cost_rows(figures)) == 2
    assert "0/5 = 0.0% [0.0, 52.2]" in tables.detection_row(figures)


def test_more_pictures_than_fit_are_drawn_from_both_kinds(
    scratched_metal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = read_dataset(scratched_metal).test
    everything = judging.chosen_to_compare(items, seed=0)
    monkeypatch.setattr(judging, "MAX_COMPARED", 5)

    chosen = judging.chosen_to_compare(items, seed=0)

    assert everything == set(range(9))
    assert [items[number].is_defective for number in sorted(chosen)] == [False] * 2 + [True] * 3
    assert judging.chosen_to_compare(items, seed=1) != chosen


def test_truth_of_a_picture(scratched_metal: Path) -> None:
    good, *_, scratched = read_dataset(scratched_metal).test

    nowhere, somewhere = good.truth(160, 160), scratched.truth(160, 160)
    assert nowhere is not None
    assert somewhere is not None
    assert not nowhere.any()
    assert 0 < somewhere.mean() < 0.2
    with pytest.raises(ImageError, match="size of its picture"):
        scratched.truth(160, 161)
    assert scratched.masks
    scratched.masks[0].write_bytes(b"")
    with pytest.raises(ImageError, match=scratched.masks[0].name):
        scratched.truth(160, 160)


def test_folders_that_cannot_be_evaluated(scratched_metal: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="train/good"):
        read_dataset(tmp_path)
    with pytest.raises(EvaluationError, match="called metal"):
        read_datasets([scratched_metal, scratched_metal])


@pytest.mark.parametrize(
    ("name", "least"),
    [
        pytest.param("bottle", 0.98, marks=pytest.mark.slow),
        ("cookie", 0.98),
        pytest.param("transistor", 0.95, marks=pytest.mark.slow),
    ],
)
def test_real_parts(
    real_data: Callable[[str], Path], station_settings: Settings, name: str, least: float
) -> None:
    figures = evaluate(real_data(name), station_settings)

    assert figures.ranking is not None
    assert figures.ranking.auroc.value >= least
    assert figures.pixels is not None
    assert figures.pixels.aupro.low < figures.pixels.aupro.value < figures.pixels.aupro.high
