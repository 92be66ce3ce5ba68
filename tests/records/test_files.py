from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.domain.errors import RecordsError
from core.records.files import FileStore


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def test_bytes_come_back_and_are_kept_once(store: FileStore) -> None:
    first, second = store.put(b"picture"), store.put(b"picture")

    assert first == second
    assert store.read(first) == b"picture"
    assert len([path for path in store.root.rglob("*") if path.is_file()]) == 1


def test_maps_come_back_bit_for_bit(store: FileStore) -> None:
    anomaly_map = np.random.default_rng(0).normal(size=(61, 47)).astype(np.float32)

    np.testing.assert_array_equal(store.read_map(store.put_map(anomaly_map)), anomaly_map)
    assert store.put_map(anomaly_map) == store.put_map(anomaly_map.copy())


def test_an_altered_file_is_noticed(store: FileStore) -> None:
    sha256 = store.put(b"picture")
    (store.root / sha256[:2] / sha256).write_bytes(b"pictura")

    with pytest.raises(RecordsError, match="was altered"):
        store.read(sha256)


def test_a_missing_file_is_said(store: FileStore) -> None:
    with pytest.raises(RecordsError, match="is missing"):
        store.read("0" * 64)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63])
def test_only_hashes_are_names(store: FileStore, name: str) -> None:
    with pytest.raises(RecordsError, match="not a SHA-256"):
        store.read(name)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")

    with pytest.raises(RecordsError, match="could not be written"):
        FileStore(tmp_path / "files").put(b"picture")
