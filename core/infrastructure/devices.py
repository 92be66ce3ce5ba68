"""Whether a CUDA device does the work."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from core.domain.errors import DetectorError
from core.infrastructure.settings import Settings

# Present whenever NVIDIA's driver is loaded: looked at first, so that a machine without one never
# imports torch to learn that.
DRIVER = Path("/proc/driver/nvidia/version")


def torch_device(settings: Settings) -> str | None:
    """Choose the torch device to run on; None where OpenVINO runs on the processor.

    Raises:
        DetectorError: if DEVICE asks for CUDA and there is none.
    """
    if settings.device == "cpu":
        return None
    if _has_cuda():
        return "cuda"
    if settings.device == "cuda":
        raise DetectorError(
            "DEVICE is cuda, but torch sees no CUDA device. Install NVIDIA's driver, or set "
            "DEVICE=cpu."
        )
    return None


@cache
def _has_cuda() -> bool:
    if not DRIVER.exists():
        return False
    import torch

    return torch.cuda.is_available()
