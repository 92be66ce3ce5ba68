from __future__ import annotations

from pathlib import Path

from core.evaluation.benchmarks.conditions import COLUMNS, condition_row, measure_conditions
from core.evaluation.detection.datasets import read_dataset
from core.infrastructure.settings import Settings


def test_what_is_changed_gets_a_word_and_good_pictures_get_none(scratched_metal: Path) -> None:
    (scratched_metal / "test" / "good" / "torn.png").write_bytes(b"torn")

    figures = measure_conditions(read_dataset(scratched_metal), Settings())

    assert figures.good is not None
    assert (figures.good.count, figures.good.out_of) == (0, 4)
    shares = {name: rate and rate.share for name, rate in figures.changed.items()}
    # Grey metal brushed along its width looks alike turned, and with its channels swapped.
    assert shares == {"darker": 1, "half turn": 0, "BGR": 0, "blurred": 1}
    assert figures.median_ms > 0
    assert condition_row(figures).count("|") == len(COLUMNS) + 1
