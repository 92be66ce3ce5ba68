"""Networks converted to OpenVINO programs: written once, read by every later start."""

from __future__ import annotations

import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openvino import CompiledModel, Model

# Some processors would compute in half precision by themselves: then one picture would score
# differently on two machines, and a threshold would mean something else on each.
SAME_EVERYWHERE = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}

# torch traces one network at a time: two threads at once get in each other's way.
_converting = threading.Lock()


def compiled_program(
    program: Path, convert: Callable[[], Model], *, half_weights: bool = False
) -> CompiledModel:
    """Compile a program for this processor, converting its network the first time.

    Args:
        program: path of the .xml; its name must change whenever the conversion does.
        convert: makes the program's model; called only when there is no such file.
        half_weights: keep weights in half precision on disk (they are computed with in full).
    """
    import openvino as ov

    with _converting:
        if not program.exists():
            with warnings.catch_warnings():
                # Tracing warns of its own future; an operator can do nothing about that.
                warnings.simplefilter("ignore")
                model = convert()
            _save(model, program, half_weights=half_weights)
    return ov.Core().compile_model(program, "CPU", SAME_EVERYWHERE)


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
