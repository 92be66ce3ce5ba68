from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.domain import Box
from core.domain.errors import CheckpointError
from core.retrieval.normals.labelled import Label, LabelledCrops, defect_crop


def label(defect_type: str, sha256: str, *, is_found: bool = True) -> Label:
    return Label(defect_type=defect_type, sha256=sha256, origin="set", is_found=is_found)


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def crops() -> LabelledCrops:
    """Two types in 32 dimensions, each scattered around a direction of its own."""
    rng = np.random.default_rng(0)
    centres = np.eye(2, 32) * 6
    vectors = np.concatenate([centres[kind] + rng.normal(size=(15, 32)) for kind in (0, 1)])
    labels = [label(("crack", "hole")[n // 15], f"{n:064x}") for n in range(30)]
    return LabelledCrops(unit(vectors), labels, "encoder")


def test_likeness_is_the_mean_of_the_nearest_three(crops: LabelledCrops) -> None:
    query = crops.embeddings[0].astype(np.float32)

    found = crops.similarities(query, exclude_sha256=f"{0:064x}")

    cosines = crops.embeddings.astype(np.float32) @ query
    assert found["crack"] == pytest.approx(np.sort(cosines[1:15])[-3:].mean())
    assert found["hole"] == pytest.approx(np.sort(cosines[15:])[-3:].mean())
    assert crops.similarities(query)["crack"] > found["crack"], "its own crop is no evidence"


def test_near_duplicates_can_be_left_out() -> None:
    vectors = unit(np.array([[1, 0, 0], [1, 0.1, 0], [1, 1, 0], [0, 0, 1]], float))
    labels = [label("crack", name) for name in "abc"] + [label("hole", "d")]
    crops = LabelledCrops(vectors, labels, "encoder")

    alone = crops.similarities(vectors[0], exclude_sha256="a", without_near_duplicates=True)

    assert alone["crack"] == pytest.approx(vectors[0] @ vectors[2], abs=1e-3)
    assert dict(crops.left_out)[labels[3]] == pytest.approx({"crack": 0.0}, abs=1e-3)


def test_a_picture_that_is_labelled_anew_keeps_its_new_labels_only(crops: LabelledCrops) -> None:
    more = LabelledCrops(crops.embeddings[:1], [label("hole", f"{0:064x}")], "encoder")

    both = crops.with_more(more)

    assert len(both.labels) == 30
    assert both.pictures() == {"crack": 14, "hole": 16}


def test_probabilities_need_ten_pictures_of_each_type_found_by_the_detector(
    crops: LabelledCrops,
) -> None:
    assert crops.calibration is not None
    assert crops.calibration.count == 30

    few = [item.model_copy(update={"is_found": n > 5}) for n, item in enumerate(crops.labels)]
    assert LabelledCrops(crops.embeddings, few, "encoder").calibration is None


def test_labels_come_back_from_their_file(crops: LabelledCrops, tmp_path: Path) -> None:
    path = tmp_path / "product" / "labelled.safetensors"
    crops.save(path)

    again = LabelledCrops.load(path, "encoder")

    assert again.labels == crops.labels
    np.testing.assert_array_equal(again.embeddings, crops.embeddings)
    with pytest.raises(CheckpointError, match="made with encoder, but this station"):
        LabelledCrops.load(path, "another")


@pytest.mark.parametrize("keep", [0, 9, 300])
def test_a_damaged_file_is_said(crops: LabelledCrops, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "labelled.safetensors"
    crops.save(path)
    path.write_bytes(path.read_bytes()[:keep])

    with pytest.raises(CheckpointError, match="label again"):
        LabelledCrops.load(path, "encoder")


@pytest.mark.parametrize(
    ("box", "place"),
    [
        (Box(x=100, y=100, width=40, height=20), (90, 80, 60, 60)),
        (Box(x=0, y=0, width=4, height=4), (0, 0, 38, 38)),
        (Box(x=290, y=190, width=10, height=10), (262, 162, 38, 38)),
        (Box(x=0, y=0, width=300, height=200), (0, 0, 300, 200)),
    ],
)
def test_a_crop_shows_what_lies_around(box: Box, place: tuple[int, int, int, int]) -> None:
    ys, xs = np.mgrid[:200, :300]
    pixels = np.stack([xs // 2, ys, xs * 0], axis=-1).astype(np.uint8)

    crop = defect_crop(pixels, box)

    x, y, width, height = place
    np.testing.assert_array_equal(crop, pixels[y : y + height, x : x + width])
