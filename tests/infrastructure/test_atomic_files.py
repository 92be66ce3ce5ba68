"""Files are whole or as they were before, whoever writes at once and whatever goes wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.detection.product_files import POLICY_FILE, product_folder, read_policy, save_policy
from core.domain import Product
from core.domain.policy import Policy
from core.infrastructure.atomic_files import whole_file, write_atomically
from core.infrastructure.settings import Settings

WRITERS = 8
ROUNDS = 20
SIZE = 200_000


def write_in_parts(path: Path, data: bytes) -> None:
    """As a library writes: in several steps, to a path that it is given."""
    with whole_file(path) as scratch, scratch.open("wb") as file:
        for start in range(0, len(data), SIZE // 4):
            file.write(data[start : start + SIZE // 4])
            file.flush()


@pytest.mark.parametrize("write", [write_atomically, write_in_parts])
def test_concurrent_writers_leave_no_mixture(
    tmp_path: Path, write: Callable[[Path, bytes], None]
) -> None:
    path = tmp_path / "folder" / "file.bin"
    contents = [bytes([number]) * SIZE for number in range(WRITERS)]
    write(path, contents[0])

    def write_and_read(data: bytes) -> None:
        for _ in range(ROUNDS):
            write(path, data)
            assert path.read_bytes() in contents

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(write_and_read, contents))

    assert path.read_bytes() in contents
    assert list(path.parent.iterdir()) == [path]


def test_concurrent_writers_of_a_policy_leave_a_whole_one(station_settings: Settings) -> None:
    product = Product(dataset="Plant", category="cell")
    policies = [Policy(false_alarm_rate=0.01 * number) for number in range(1, WRITERS + 1)]

    def save_and_read(policy: Policy) -> None:
        for _ in range(ROUNDS):
            save_policy(station_settings, product, policy)
            assert read_policy(station_settings, product) in policies

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(save_and_read, policies))

    folder = product_folder(station_settings, product)
    assert [path.name for path in folder.iterdir()] == [POLICY_FILE]


def test_a_writer_that_raises_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    write_atomically(path, b"old")

    with pytest.raises(FileNotFoundError, match="no-part"), whole_file(path) as scratch:
        scratch.write_bytes(b"ne" + (tmp_path / "no-part").read_bytes())

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_writer_that_writes_nothing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    write_atomically(path, b"old")

    with pytest.raises(FileNotFoundError), whole_file(path):
        pass

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "version"

    with whole_file(path) as scratch:
        scratch.mkdir()
        for name in ("card", "bank"):
            (scratch / name).write_text(name)
            assert not path.exists()

    assert sorted(part.name for part in path.iterdir()) == ["bank", "card"]
    assert list(tmp_path.iterdir()) == [path]


def test_access_rights_are_those_of_any_file_or_of_the_one_replaced(tmp_path: Path) -> None:
    path, usual = tmp_path / "file.bin", tmp_path / "usual"
    usual.touch()

    write_atomically(path, b"new")
    assert path.stat().st_mode == usual.stat().st_mode

    path.chmod(0o640)
    write_atomically(path, b"newer")
    assert path.stat().st_mode & 0o777 == 0o640


def test_contents_reach_the_disk_before_the_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.bin"
    synced: list[tuple[str, bool]] = []
    sync = os.fsync

    def watched(descriptor: int) -> None:
        synced.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, path.exists()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    write_atomically(path, b"new")

    assert synced == [("file.bin", False), (tmp_path.name, True)]
