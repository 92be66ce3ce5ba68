"""The machine and the packages that figures were made with."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterable
from pathlib import Path


def machine() -> str:
    """Name cores, processor, system and Python, in one line."""
    processor = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        processor = names[0].partition(":")[2].strip() if names else processor
    return f"{os.cpu_count()} cores of {processor}, {platform.system()}, Python " + (
        platform.python_version()
    )


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Look up the installed version of each package."""
    return {name: importlib.metadata.version(name) for name in packages}
