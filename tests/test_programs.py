"""Conversion of networks on a machine that has none yet."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import openvino as ov
import torch

from core.programs import load_program


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
