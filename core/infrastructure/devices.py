"""Whether a CUDA device does the work."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

from core.domain.errors import DetectorError
from core.infrastructure.extras import not_installed
from core.infrastructure.settings import Settings

# Signs of NVIDIA's driver, on Linux and elsewhere: looked at first, so that a machine without one
# never imports torch to learn that.
DRIVER = Path("/proc/driver/nvidia/version")
DRIVER_PROGRAM = "nvidia-smi"
NO_CUDA = (
    "DEVICE is cuda, but torch sees no CUDA device or is not installed. Install NVIDIA's driver "
    "and torch, or set DEVICE to auto or cpu."
)


def torch_device(settings: Settings) -> str | None:
    """Choose the torch device to run on; None where OpenVINO runs on the processor.

    Raises:
        DetectorError: if DEVICE asks for CUDA and there is none.
    """
    if uses_cuda(settings):
        return "cuda"
    if settings.device == "cuda":
        raise DetectorError(NO_CUDA)
    return None


def uses_cuda(settings: Settings) -> bool:
    """Tell whether torch is to run on a CUDA device: there is one, and DEVICE allows it."""
    return settings.device != "cpu" and _has_cuda()


@cache
def _has_cuda() -> bool:
    has_driver = DRIVER.exists() or shutil.which(DRIVER_PROGRAM) is not None
    if not has_driver or not_installed(("torch",)):
        return False
    import torch

    return torch.cuda.is_available()
