"""Conversion of networks on a machine that has none yet."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openvino as ov
from openvino import op, opset13

from core.programs import compiled_program


def doubling() -> ov.Model:
    value = op.Parameter(ov.Type.f32, ov.PartialShape([2]))
    doubled = opset13.add(value, value)
    return ov.Model([op.Result(doubled.output(0))], [value], "doubling")


def test_conversions_wait_for_each_other(tmp_path: Path) -> None:
    """torch cannot trace two networks at once, and a new station warms up while it is taught."""
    busy = threading.Lock()

    def convert() -> ov.Model:
        assert busy.acquire(blocking=False), "two conversions at once"
        time.sleep(0.2)
        busy.release()
        return doubling()

    with ThreadPoolExecutor() as threads:
        runs = [
            threads.submit(compiled_program, tmp_path / f"{name}.xml", convert)
            for name in ("one", "other")
        ]

    for run in runs:
        assert run.result()([np.array([1, 3], np.float32)])[0].tolist() == [2, 6]


def test_a_program_is_converted_once(tmp_path: Path) -> None:
    made: list[ov.Model] = []

    def convert() -> ov.Model:
        made.append(doubling())
        return made[-1]

    for _ in range(2):
        compiled_program(tmp_path / "models" / "double.xml", convert)

    assert len(made) == 1
