"""Networks converted to OpenVINO programs: written once, read by every later start."""

from __future__ import annotations

import hashlib
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.domain.errors import WeightsError
from core.infrastructure.atomic_files import put_in_place, scratch_folder

if TYPE_CHECKING:
    from openvino import CompiledModel, Model

# Some processors would compute in half precision by themselves: then one picture would score
# differently on two machines, and a threshold would mean something else on each.
SAME_EVERYWHERE = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}

HASH_SUFFIX = ".sha256"

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
        """Run the program; each output is an array of its own."""
        # An infer request holds its own buffers: one for each thread lets calls run side by side.
        if not hasattr(self._requests, "request"):
            self._requests.request = self._compiled.create_infer_request()
        result = self._requests.request.infer([np.ascontiguousarray(value) for value in inputs])
        return tuple(result[index].copy() for index in range(len(result)))


def load_program(
    path: Path, convert: Callable[[], Model], *, half_weights: bool = False
) -> Program:
    """Compile a program for this processor, converting its network the first time.

    The files are a cache: when they are not as they were written, the network is converted again.

    Args:
        path: of the .xml; its name must change whenever the conversion does.
        convert: makes the program's model; called only when there is no such file.
        half_weights: keep weights in half precision on disk (they are computed with in full).

    Raises:
        WeightsError: if the program cannot be written.
    """
    import openvino as ov

    with _converting:
        if not _is_whole(path):
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

    try:
        with scratch_folder(program.parent) as scratch:
            path = scratch / program.name
            ov.save_model(model, path, compress_to_fp16=half_weights)
            path.with_suffix(HASH_SUFFIX).write_text(_hash(path))
            # The hash makes the program usable, so it comes last.
            for suffix in (".bin", ".xml", HASH_SUFFIX):
                put_in_place(path.with_suffix(suffix), program.with_suffix(suffix))
    except OSError as error:
        raise WeightsError(
            f"The converted network could not be written to {program.parent}: {error.strerror}. "
            "Free space, correct the folder's rights, or name another folder (setting MODEL_CACHE)."
        ) from error


def _is_whole(program: Path) -> bool:
    """Tell whether the files are as they were written."""
    try:
        return program.with_suffix(HASH_SUFFIX).read_text() == _hash(program)
    except (OSError, UnicodeDecodeError):
        return False


def _hash(program: Path) -> str:
    """Compute the SHA-256 of both files."""
    digest = hashlib.sha256()
    for suffix in (".xml", ".bin"):
        digest.update(program.with_suffix(suffix).read_bytes())
    return digest.hexdigest()
