"""The comparison with anomalib's Patchcore, on a small generated set."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.domain.errors import EvaluationError
from core.evaluation.benchmarks.patchcore_and_anomalib import (
    SpeedFigures,
    compare_patchcores,
    speed_table,
)
from core.evaluation.detection.datasets import read_dataset
from core.infrastructure.settings import Settings

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.slow
def test_bench_detection_as_a_user_runs_it(
    scratched_metal: Path, tmp_path: Path, model_cache: Path
) -> None:
    data = tmp_path / "data"
    command = [sys.executable, "-m", "core", "bench", "detection", "--data", str(scratched_metal)]

    done = subprocess.run(
        [*command, "--rounds", "1", "--json"],
        cwd=REPOSITORY,
        env=os.environ | {"DATA_DIR": str(data), "MODEL_CACHE": str(model_cache)},
        capture_output=True,
        text=True,
        timeout=600,
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "no bars and warnings of libraries"
    figures = SpeedFigures.model_validate_json(done.stdout)
    assert (figures.train_normals, figures.test_pictures, figures.rounds) == (20, 9, 1)
    # The same features, coreset ratio and score: what they say of the pictures is the same too.
    assert figures.image_auroc == figures.image_auroc_anomalib == 1
    assert 0 < figures.learn < figures.learn_anomalib
    # 14 of 20 normals are taught: 143 patches of 152 numbers in half precision, and not the 2000
    # patches of a detector's defaults.
    assert figures.product_mb < 0.3
    assert not data.exists() or not list(data.rglob("records.duckdb")), "no trace in the records"
    table = speed_table(figures)
    assert "| learn |" in table
    assert figures.machine in table


def test_a_set_of_one_kind_cannot_be_compared_on(
    scratched_metal: Path, station_settings: Settings
) -> None:
    shutil.rmtree(scratched_metal / "test" / "scratch")

    with pytest.raises(EvaluationError, match="good and defective"):
        compare_patchcores(
            read_dataset(scratched_metal), station_settings, on_progress=lambda step, share: None
        )
