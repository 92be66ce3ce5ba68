"""Whether a local model fits into this machine's memory, said before it is loaded."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from core.domain.errors import WriterError
from core.infrastructure.settings import Settings
from core.reporting.catalogue import Model

GB = 1e9
# What torch, llama.cpp and the operating system say when memory ran out.
WORDS = ("alloc", "out of memory", "insufficient memory", "cannot allocate", "failed to map")
CGROUPS = Path("/sys/fs/cgroup")
# Version 2 and 1 of control groups: controller in /proc/self/cgroup, folder of its tree, limit,
# use, and the cache in that use which gives way.
VERSIONS = (
    ("", "", "memory.max", "memory.current", "inactive_file"),
    (
        "memory",
        "memory",
        "memory.limit_in_bytes",
        "memory.usage_in_bytes",
        "total_inactive_file",
    ),
)


def llama_cpp() -> ModuleType:
    """Load llama.cpp's Python binding; it is compiled and has no types."""
    return importlib.import_module("xllamacpp")


def why_too_big(model: Model, settings: Settings, held_gb: float = 0) -> str:
    """Say that a model needs more memory than is free; empty when it fits or its need is unknown.

    Args:
        model: entry of the catalogue; its `memory_gb` counts.
        settings: DEVICE decides whose memory is meant.
        held_gb: freed before the model is loaded.

    Example:
        "needs about 18 GB of memory, 11.5 GB are free"
    """
    if model.memory_gb is None:
        return ""
    free = free_gb(model, settings) + held_gb
    if model.memory_gb <= free:
        return ""
    return f"needs about {model.memory_gb:g} GB of memory, {free:.1f} GB are free"


def check_memory(model: Model, settings: Settings) -> None:
    """Refuse a model that does not fit.

    Raises:
        WriterError: if it needs more memory than is free.
    """
    if reason := why_too_big(model, settings):
        raise WriterError(
            f"{model.title} {reason}. Close other programs, or choose a smaller model, "
            "its int4 form or an API model."
        )


def free_gb(model: Model, settings: Settings) -> float:
    """Memory, in 10⁹ bytes, that a model of this provider could take now.

    transformers holds a model in one place; llama.cpp spreads it over GPU and main memory.
    """
    if model.provider == "gguf":
        return (_free_ram() + _free_llama_gpu(settings)) / GB
    return (_free_cuda() if uses_cuda(settings) else _free_ram()) / GB


def uses_cuda(settings: Settings) -> bool:
    """Whether transformers would run on a CUDA device; torch is asked only where a driver is."""
    if settings.device == "cpu" or shutil.which("nvidia-smi") is None:
        return False
    import torch

    return torch.cuda.is_available()


@contextmanager
def memory_guard(model: Model) -> Generator[None]:
    """Turn any library's error for memory that ran out into one for the operator.

    Raises:
        WriterError: instead of an error that means that; others pass.
    """
    try:
        yield
    except (MemoryError, RuntimeError, OSError) as error:
        text = str(error).lower()
        if not isinstance(error, MemoryError) and not any(word in text for word in WORDS):
            raise
        raise WriterError(
            f"The machine's memory is too small for {model.title}. Close other programs, send "
            "fewer pictures, or choose a smaller model, its int4 form or an API model."
        ) from error


def free_in_cgroup(membership: str, root: Path = CGROUPS) -> float:
    """Bytes below the tightest memory limit of control groups; infinite where none is set.

    Args:
        membership: text of /proc/self/cgroup.
        root: where the trees of control groups are mounted.
    """
    free = float("inf")
    for line in membership.splitlines():
        _, controllers, group = line.split(":", 2)
        for controller, tree, limit, use, cache in VERSIONS:
            if controller != controllers:
                continue
            # A limit above in the tree holds too; inside a container the tree's root is the group.
            own = root / tree / group.lstrip("/")
            for folder in (own, *own.parents):
                if folder.is_relative_to(root / tree):
                    free = min(free, _below_limit(folder, limit, use, cache))
    return free


def _free_ram() -> float:
    """Bytes of main memory that are free, to the machine and to this process's container."""
    import psutil

    membership = Path("/proc/self/cgroup")
    limited = free_in_cgroup(membership.read_text()) if membership.exists() else float("inf")
    return min(psutil.virtual_memory().available, limited)


def _below_limit(folder: Path, limit: str, use: str, cache: str) -> float:
    try:
        most = (folder / limit).read_text().strip()
        if most == "max":
            return float("inf")
        used = int((folder / use).read_text())
        entries = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
        given_way = next((int(count) for name, count in entries if name == cache), 0)
    except OSError:
        return float("inf")
    return int(most) - used + given_way


def _free_cuda() -> float:
    import torch

    return torch.cuda.mem_get_info()[0]


def _free_llama_gpu(settings: Settings) -> float:
    """Bytes free on the GPUs that llama.cpp sees; the wheel for CPUs sees none."""
    if settings.device == "cpu":
        return 0
    llama = llama_cpp()
    return sum(
        device["memory_free"]
        for device in llama.get_device_info()
        if device["type"] == llama.ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_GPU
    )
