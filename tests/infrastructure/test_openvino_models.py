"""Conversion of networks on a machine that has none yet."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
import torch
from openvino import opset13

from core.domain.errors import LibraryError, WeightsError
from core.infrastructure.openvino_models import converted_source, load_program, program_path


def rectifier() -> ov.Model:
    return ov.convert_model(torch.nn.ReLU(), example_input=torch.zeros(2), input=[2])


def test_conversions_wait_for_each_other(tmp_path: Path) -> None:
    """torch cannot trace two networks at once, and a new station warms up while it is taught."""
    busy = threading.Lock()

    def convert() -> ov.Model:
        assert busy.acquire(blocking=False), "two conversions at once"
        time.sleep(0.2)
        busy.release()
        return rectifier()

    with ThreadPoolExecutor() as threads:
        runs = [
            threads.submit(load_program, tmp_path / f"{name}.xml", convert)
            for name in ("one", "other")
        ]

    for run in runs:
        assert run.result()(np.array([-1, 3], np.float32))[0].tolist() == [0, 3]


def test_a_program_is_converted_once(tmp_path: Path) -> None:
    made: list[ov.Model] = []

    def convert() -> ov.Model:
        made.append(rectifier())
        return made[-1]

    for _ in range(2):
        load_program(tmp_path / "models" / "rectifier.xml", convert)

    assert len(made) == 1


def network(value: float) -> ov.Model:
    """A layer without a bias, made in a moment: torch's tracing takes seconds."""
    seen = opset13.parameter([1, 4], np.float32)
    weights = opset13.constant(np.full((4, 4), value, np.float32))
    product = opset13.matmul(seen, weights, False, False)
    return ov.Model([product.output(0)], [seen])  # ty: ignore[no-matching-overload]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-8])


def fill_with_nan(path: Path) -> None:
    path.write_bytes(np.full(path.stat().st_size // 4, np.nan, np.float32).tobytes())


@pytest.mark.parametrize("suffix", [".xml", ".bin"])
@pytest.mark.parametrize(
    "damage",
    [cut, Path.unlink, fill_with_nan, lambda path: path.write_bytes(b"junk")],
    ids=["cut", "gone", "not numbers", "junk"],
)
def test_a_damaged_program_is_converted_again(
    tmp_path: Path, suffix: str, damage: Callable[[Path], object]
) -> None:
    path = tmp_path / "network.xml"
    load_program(path, lambda: network(2))
    damage(path.with_suffix(suffix))

    program = load_program(path, lambda: network(2))

    assert program(np.ones((1, 4), np.float32))[0].tolist() == [[8, 8, 8, 8]]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("not a folder")

    with pytest.raises(WeightsError, match="MODEL_CACHE"):
        load_program(tmp_path / "models" / "network.xml", rectifier)


def test_what_a_network_was_converted_from_is_known_by_its_name(tmp_path: Path) -> None:
    for network, source, kind in (
        ("timm/resnet18", "abc", "256px-12"),
        ("timm/resnet18", "def", "320px-12"),
        ("timm/resnet18-d", "123", "256px-12"),
    ):
        load_program(program_path(tmp_path, network, source, kind), rectifier)

    assert converted_source(tmp_path, "timm/resnet18", "256px-12") == "abc"
    assert converted_source(tmp_path, "timm/resnet18-d", "256px-12") == "123"
    assert converted_source(tmp_path, "timm/resnet18", "64px-12") is None
    assert converted_source(tmp_path / "nowhere", "timm/resnet18", "256px-12") is None


def test_of_two_conversions_none_is_guessed(tmp_path: Path) -> None:
    for source in ("abc", "def"):
        load_program(program_path(tmp_path, "net", source, "c1"), rectifier)

    with pytest.raises(WeightsError, match=r"2 weights \(abc, def\).* Delete"):
        converted_source(tmp_path, "net", "c1")


def test_what_converts_and_is_not_installed_is_said(tmp_path: Path) -> None:
    def convert() -> ov.Model:
        raise ModuleNotFoundError("No module named 'timm.layers'", name="timm.layers")

    with pytest.raises(LibraryError, match=r"takes timm to convert the network net-abc-c1, "):
        load_program(program_path(tmp_path, "net", "abc", "c1"), convert)
