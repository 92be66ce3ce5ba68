"""Networks converted to OpenVINO programs: written once, read by every later start."""

from __future__ import annotations

import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from openvino import CompiledModel, Model

# Some processors would compute in half precision by themselves: then one picture would score
# differently on two machines, and a threshold would mean something else on each.
SAME_EVERYWHERE = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}

# torch traces one network at a time: two threads at once get in each other's way.
_converting = threading.Lock()


class Program:
    """A compiled program that many threads may run at once.

    Example:
        >>> program = load_program(Path("models/net.xml"), convert)      # doctest: +SKIP
        >>> features, = program(pixels[None])                            # doctest: +SKIP
    """

    def __init__(self, compiled: CompiledModel) -> None:
        self._compiled = compiled
        self._requests = threading.local()

    def __call__(self, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Outputs for the inputs, each an array of its own."""
        # An infer request holds its own buffers: one for each thread lets calls run side by side.
        if not hasattr(self._requests, "request"):
            self._requests.request = self._compiled.create_infer_request()
        result = self._requests.request.infer([np.ascontiguousarray(value) for value in inputs])
        return tuple(result[index].copy() for index in range(len(result)))


def load_program(
    path: Path, convert: Callable[[], Model], *, half_weights: bool = False
) -> Program:
    """Compile a program for this processor, converting its network the first time.

    Args:
        path: of the .xml; its name must change whenever the conversion does.
        convert: makes the program's model; called only when there is no such file.
        half_weights: keep weights in half precision on disk (they are computed with in full).
    """
    import openvino as ov

    with _converting:
        if not path.exists():
            with warnings.catch_warnings():
                # Tracing warns of its own future; an operator can do nothing about that.
                warnings.simplefilter("ignore")
                model = convert()
            _save(model, path, half_weights=half_weights)
    return Program(ov.Core().compile_model(path, "CPU", SAME_EVERYWHERE))


def compile_bytes(xml: bytes, weights: bytes) -> Program:
    """Compile a program that a checkpoint carries.

    Args:
        xml: contents of the .xml file.
        weights: contents of the .bin file.
    """
    import openvino as ov

    core = ov.Core()
    model = core.read_model(xml, weights)
    return Program(core.compile_model(model, "CPU", SAME_EVERYWHERE))


def _save(model: Model, program: Path, *, half_weights: bool) -> None:
    """Write a converted program so that a reader never sees half of it."""
    import openvino as ov

    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=program.parent) as scratch:
        path = Path(scratch) / program.name
        ov.save_model(model, path, compress_to_fp16=half_weights)
        # The .xml makes the program visible, so its weights must be in place before it.
        path.with_suffix(".bin").replace(program.with_suffix(".bin"))
        path.replace(program)
