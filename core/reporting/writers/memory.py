"""Whether a local model fits into this machine's memory, said before it is loaded."""

from __future__ import annotations

import importlib
from contextlib import AbstractContextManager
from types import ModuleType

from core.domain.errors import WriterError
from core.infrastructure.devices import uses_cuda
from core.infrastructure.memory import free_ram_bytes, out_of_memory_as
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model
from core.reporting.lacks import Lack, LackKind

GB = 1e9


def llama_cpp() -> ModuleType:
    """Load llama.cpp's Python binding; it is compiled and has no types."""
    return importlib.import_module("xllamacpp")


def why_too_big(model: Model, settings: Settings, held_gb: float = 0) -> Lack | None:
    """Tell how much memory a model lacks; None when it fits or its need is unknown.

    Args:
        model: entry of the catalogue; its `memory_gb` counts.
        settings: DEVICE decides whose memory is meant.
        held_gb: freed before the model is loaded.
    """
    if model.memory_gb is None:
        return None
    free = free_gb(model, settings) + held_gb
    if model.memory_gb <= free:
        return None
    return Lack(kind=LackKind.MEMORY, needed_gb=model.memory_gb, free_gb=free)


def check_memory(model: Model, settings: Settings) -> None:
    """Refuse a model that does not fit.

    Raises:
        WriterError: if it needs more memory than is free.
    """
    if lack := why_too_big(model, settings):
        raise WriterError(
            f"{model.title} {lack.sentence()}. Close other programs, or choose a smaller model, "
            "its int4 form or an API model."
        )


def free_gb(model: Model, settings: Settings) -> float:
    """Measure the memory that a model of this provider could take now, in 10⁹ bytes.

    transformers holds a model in one place; llama.cpp spreads it over GPU and main memory.
    """
    if model.provider == "gguf":
        return (free_ram_bytes() + _free_llama_gpu(settings)) / GB
    return (_free_cuda() if uses_cuda(settings) else free_ram_bytes()) / GB


def memory_guard(model: Model) -> AbstractContextManager[None]:
    """Turn any library's error for memory that ran out into one for the operator.

    Raises:
        WriterError: inside, instead of an error that means that; others pass.
    """
    return out_of_memory_as(
        WriterError(
            f"The machine's memory is too small for {model.title}. Close other programs, send "
            "fewer pictures, or choose a smaller model, its int4 form or an API model."
        )
    )


def _free_cuda() -> float:
    import torch

    return torch.cuda.mem_get_info()[0]


def _free_llama_gpu(settings: Settings) -> float:
    """Measure the bytes free on the GPUs that llama.cpp sees; the wheel for CPUs sees none."""
    if settings.device == "cpu":
        return 0
    llama = llama_cpp()
    return sum(
        device["memory_free"]
        for device in llama.get_device_info()
        if device["type"] == llama.ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_GPU
    )
