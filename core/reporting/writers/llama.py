"""llama.cpp's Python binding."""

from __future__ import annotations

import importlib
from types import ModuleType


def llama_cpp() -> ModuleType:
    """The binding, loaded on the first call; it is compiled and tells no types."""
    return importlib.import_module("xllamacpp")
