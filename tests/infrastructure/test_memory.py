"""Memory that runs out, as libraries say it."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch

from core.detection.patchcore.coreset import uncovered
from core.domain.errors import DetectorError
from core.infrastructure.memory import free_in_cgroup, memory_guard

TOO_MUCH = 1 << 50


@pytest.mark.parametrize(
    "ask",
    [
        lambda: np.empty(TOO_MUCH, np.uint8),
        lambda: torch.empty(TOO_MUCH, dtype=torch.uint8),
    ],
    ids=["numpy", "torch"],
)
def test_a_librarys_refusal_is_a_sentence(ask) -> None:  # noqa: ANN001
    with (
        pytest.raises(DetectorError, match="memory is too small to judge a picture"),
        memory_guard("judge a picture"),
    ):
        ask()


def test_other_errors_pass() -> None:
    with pytest.raises(RuntimeError, match="shapes"), memory_guard("judge a picture"):
        raise RuntimeError("shapes do not fit")


def test_what_the_bank_lacks_is_found_in_little_memory() -> None:
    rng = np.random.default_rng(0)
    bank = rng.standard_normal((12_000, 4), dtype=np.float32)
    tracemalloc.start()

    uncovered(bank, bank[:50] + 10)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150e6, "all distances at once take 576 MB"


def test_what_the_bank_lacks_is_the_same_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    bank = rng.standard_normal((300, 8), dtype=np.float32)
    patches = rng.standard_normal((100, 8), dtype=np.float32)
    at_once = uncovered(bank, patches)

    monkeypatch.setattr("core.detection.patchcore.coreset.BLOCK_DISTANCES", 7 * len(bank))

    assert len(at_once) > 0
    np.testing.assert_array_equal(uncovered(bank, patches), at_once)


def test_the_limit_of_a_container_counts(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "memory.max").write_text("1000\n")
    (tmp_path / "a" / "memory.current").write_text("700\n")
    (tmp_path / "a" / "memory.stat").write_text("anon 400\ninactive_file 200\n")

    assert free_in_cgroup("0::/a/b", tmp_path) == 500
    assert free_in_cgroup("3:cpuset:/\n4:memory:/a/b", tmp_path) == float("inf")
    assert free_in_cgroup("0::/elsewhere", tmp_path) == float("inf")
