"""Labelled data in every layout that is read: which pictures, which masks, what is named."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from core.domain.errors import ImageError
from core.evaluation.detection.datasets import read_dataset, read_datasets, read_test_pictures
from core.evaluation.detection.masks import read_masks
from core.evaluation.detection.samples import TestPicture, without_mask

HEIGHT, WIDTH = 20, 24
MARKED = np.zeros((HEIGHT, WIDTH), bool)
MARKED[3:7, 5:9] = True
OTHER = np.zeros((HEIGHT, WIDTH), bool)
OTHER[12:14, 1:20] = True


def put(path: Path, mask: np.ndarray | None = None) -> Path:
    """Write a picture, or a mask, in the format that its name asks for."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((HEIGHT, WIDTH), 90, np.uint8) if mask is None else np.uint8(mask) * 255
    Image.fromarray(pixels).save(path)
    return path


def truths(items: list[TestPicture]) -> dict[str, np.ndarray | None]:
    return {f"{i.defect_type}/{i.picture.filename}": i.truth(HEIGHT, WIDTH) for i in items}


def assert_marked(truth: np.ndarray | None, expected: np.ndarray) -> None:
    assert truth is not None
    np.testing.assert_array_equal(truth, expected)


def test_masks_of_every_folder_layout(tmp_path: Path) -> None:
    root = tmp_path / "set"
    put(root / "train/good/0.png")
    put(root / "test/good/0.png")
    put(root / "test/mvtec/0.png")
    put(root / "ground_truth/mvtec/0_mask.png", MARKED)
    put(root / "test/btad/0.png")
    put(root / "ground_truth/btad/0.bmp", MARKED)
    put(root / "test/loco/000.png")
    put(root / "ground_truth/loco/000/000.png", MARKED)
    put(root / "ground_truth/loco/000/001.png", OTHER)
    put(root / "test/beside/0.png")
    put(root / "test/beside/0_mask.tif", MARKED)
    put(root / "test/none/0.png")
    put(root / "test/none/half_mask.png")

    dataset = read_dataset(root)
    found = truths(dataset.test)

    assert set(found) == {
        "good/0.png",
        "mvtec/0.png",
        "btad/0.png",
        "loco/000.png",
        "beside/0.png",
        "none/0.png",
        "none/half_mask.png",
    }
    for name in ("mvtec/0.png", "btad/0.png", "beside/0.png"):
        assert_marked(found[name], MARKED)
    assert_marked(found["loco/000.png"], MARKED | OTHER)
    assert found["none/0.png"] is None
    assert without_mask(dataset.test) == (
        "2 of 6 defective pictures have no mask, so nothing is said of where their defects are: "
        "none/0.png, none/half_mask.png.",
    )


def test_good_parts_may_be_called_ok(tmp_path: Path) -> None:
    for name in ("train/ok/0.bmp", "test/ok/0.bmp", "test/ko/0.bmp"):
        put(tmp_path / name)
    put(tmp_path / "ground_truth/ko/0.bmp", MARKED)

    dataset = read_dataset(tmp_path)

    assert [picture.filename for picture in dataset.train] == ["0.bmp"]
    assert [(item.defect_type, item.is_defective) for item in dataset.test] == [
        ("ko", True),
        ("good", False),
    ]
    assert_marked(dataset.test[0].truth(HEIGHT, WIDTH), MARKED)


def test_what_is_not_read_is_named_and_what_is_hidden_is_no_data(tmp_path: Path) -> None:
    for name in ("train/good/0.png", "test/good/0.png", "test/cut/0.png"):
        put(tmp_path / name)
    put(tmp_path / "ground_truth/cut/0_mask.png", MARKED)
    before = read_dataset(tmp_path)
    assert before.left_out == ()
    put(tmp_path / "test/.ipynb_checkpoints/0-checkpoint.png")
    put(tmp_path / "test/__MACOSX/0.png")
    (tmp_path / "test/cut/._0.png").write_bytes(b"\0\5\26\7")
    (tmp_path / "test/cut/Thumbs.db").write_bytes(b"\xd0\xcf")

    assert truths(read_dataset(tmp_path).test).keys() == truths(before.test).keys()
    assert read_dataset(tmp_path).left_out == ()

    put(tmp_path / "validation/good/0.png")
    put(tmp_path / "train/bad/0.png")
    put(tmp_path / "test/loose.png")

    assert read_dataset(tmp_path).left_out == (
        "validation is a folder that is not read.",
        "train/bad is not read: a detector is taught with good parts alone.",
        "test/loose.png lies beside the folders of test and has no label.",
    )


def visa(root: Path, table: str, rows: list[list[str]], columns: str) -> None:
    path = root / table
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([columns.split(","), *rows])
    at = columns.split(",").index
    for row in rows:
        put(root / row[at("image")])
        if row[at("mask")]:
            put(root / row[at("mask")], MARKED)


def test_a_table_of_several_objects(tmp_path: Path) -> None:
    rows = [
        [name, split, label, f"{name}/Data/Images/{label}/{split}.JPG", mask]
        for name in ("candle", "pcb")
        for split, label, mask in (
            ("train", "normal", ""),
            ("test", "normal", ""),
            ("test", "anomaly", f"{name}/Data/Masks/000.png"),
            ("train", "anomaly", ""),
        )
    ]
    visa(tmp_path, "split_csv/1cls.csv", rows, "object,split,label,image,mask")

    candle, pcb = read_datasets([tmp_path])

    assert (candle.name, pcb.name) == ("candle", "pcb")
    assert read_dataset(tmp_path / "pcb").name == "pcb"
    assert len(pcb.train) == 1
    assert [item.defect_type for item in pcb.test] == ["good", "anomaly"]
    assert_marked(pcb.test[1].truth(HEIGHT, WIDTH), MARKED)
    assert "1 defective pictures are not for testing" in pcb.left_out[0]
    with pytest.raises(ImageError, match="several sets: candle, pcb"):
        read_dataset(tmp_path)


def test_a_table_of_one_object_without_a_split(tmp_path: Path) -> None:
    rows = [[f"candle/Data/{n}.png", "normal", ""] for n in range(10)]
    rows.append(["candle/Data/bent.png", "bent", "candle/Masks/bent.png"])
    visa(tmp_path, "candle/image_anno.csv", rows, "image,label,mask")

    dataset = read_dataset(tmp_path / "candle")

    assert (dataset.name, len(dataset.train)) == ("candle", 8)
    assert [item.defect_type for item in dataset.test] == ["good", "good", "bent"]
    assert "every fifth normal picture" in dataset.left_out[0]
    assert [item.is_defective for item in read_test_pictures(tmp_path / "candle")] == [
        False,
        False,
        True,
    ]
    split = [
        ["candle", "test" if row[1] == "bent" else "train", *row[1:2], row[0], row[2]]
        for row in rows
    ]
    visa(tmp_path, "split_csv/1cls.csv", split, "object,split,label,image,mask")
    assert len(read_dataset(tmp_path / "candle").train) == 10, "the set's own split goes before"


def test_tables_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "1cls.csv").write_text("object,image\nx,y.png\n")
    with pytest.raises(ImageError, match="no column label"):
        read_dataset(tmp_path)
    (tmp_path / "1cls.csv").write_text("image,label,split\n../x.png,normal,train\na,bad,test\n")
    with pytest.raises(ImageError, match="outside of the set"):
        read_dataset(tmp_path)


@pytest.mark.parametrize("value", [1, 2, 128, 255])
def test_a_mask_is_whatever_is_above_0_at_any_depth(tmp_path: Path, value: int) -> None:
    marks = np.where(MARKED, value, 0)
    path = tmp_path / "mask.png"
    palette = Image.fromarray(MARKED.astype(np.uint8), "P")
    palette.putpalette([0, 0, 0, value, 0, 0])
    # A palette in the order of a program's choice: the first colour marks.
    turned = Image.fromarray((~MARKED).astype(np.uint8), "P")
    turned.putpalette([0, value, 0, 0, 0, 0])
    clear = np.dstack([np.full((HEIGHT, WIDTH, 3), value, np.uint8), np.uint8(MARKED) * 255])
    red = np.dstack([marks.astype(np.uint8), *[np.zeros((HEIGHT, WIDTH), np.uint8)] * 2])
    for image in (
        Image.fromarray(marks.astype(np.uint8)),
        Image.fromarray(marks.astype(np.uint16)),
        Image.fromarray(MARKED),
        Image.fromarray(red),
        Image.fromarray(clear),
        palette,
        turned,
    ):
        image.save(path)
        assert_marked(read_masks([path], HEIGHT, WIDTH), MARKED)
    cv2.imwrite(str(tmp_path / "deep.tif"), marks.astype(np.float32))
    assert_marked(read_masks([tmp_path / "deep.tif"], HEIGHT, WIDTH), MARKED)
    Image.fromarray(~MARKED).save(tmp_path / "white.tif", tiffinfo={262: 0}, compression="group4")
    assert_marked(read_masks([tmp_path / "white.tif"], HEIGHT, WIDTH), ~MARKED)
