from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import CheckpointError
from core.retrieval.exemplars import ExemplarIndex


@pytest.fixture
def vectors() -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(20, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def index(vectors: np.ndarray) -> ExemplarIndex:
    return ExemplarIndex(vectors, [f"{i:064x}" for i in range(20)], [f"{i}.png" for i in range(20)])


def test_search_is_exact_and_leaves_the_query_out(
    index: ExemplarIndex, vectors: np.ndarray
) -> None:
    found = index.search(vectors[7], k=3, exclude_sha256=f"{7:064x}")

    cosines = vectors @ vectors[7]
    wanted = [i for i in np.argsort(-cosines) if i != 7][:3]
    assert [exemplar.filename for exemplar in found] == [f"{i}.png" for i in wanted]
    assert found[0].similarity == pytest.approx(cosines[wanted[0]], abs=2e-3)


def test_index_comes_back_from_its_file(
    index: ExemplarIndex, vectors: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "exemplars.safetensors"
    path.write_bytes(index.to_bytes())

    assert ExemplarIndex.load(path).search(vectors[3]) == index.search(vectors[3])


@pytest.mark.parametrize("keep", [0, 5, 100])
def test_a_damaged_file_is_said(index: ExemplarIndex, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "exemplars.safetensors"
    path.write_bytes(index.to_bytes()[:keep])

    with pytest.raises(CheckpointError, match="teach the product again"):
        ExemplarIndex.load(path)
