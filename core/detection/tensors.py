"""Arrays of a checkpoint as safetensors, checked when they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.domain.errors import CheckpointError


def write_tensors(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Write arrays as a safetensors file."""
    from safetensors.numpy import save

    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def read_tensors(
    files: Mapping[str, bytes], name: str, wanted: Sequence[str]
) -> dict[str, np.ndarray]:
    """Read all arrays of one file of a checkpoint.

    Args:
        files: contents by name.
        name: of the safetensors file.
        wanted: arrays that it must hold.

    Raises:
        CheckpointError: if the file is missing or damaged, lacks an array, or holds numbers that
            are not finite.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(files[name])
    except (KeyError, SafetensorError, ValueError) as error:
        raise _damaged(name, f"is missing or damaged ({error})") from error
    if lacking := [key for key in wanted if key not in arrays]:
        raise _damaged(name, f"lacks {lacking[0]!r}")
    for key, array in arrays.items():
        if not np.isfinite(array).all():
            raise _damaged(name, f"holds numbers that are not finite (in {key})")
    return arrays


def read_banks(files: Mapping[str, bytes], name: str) -> dict[str, np.ndarray]:
    """Read the memory banks of one file, each (M, C); "bank" is among them.

    Raises:
        CheckpointError: as `read_tensors`, or if one is no table of patches.
    """
    banks = read_tensors(files, name, ("bank",))
    for key, bank in banks.items():
        if bank.ndim != 2 or len(bank) == 0:
            raise _damaged(name, f"must hold a table of patches, but {key} has shape {bank.shape}")
    return banks


def _damaged(name: str, what: str) -> CheckpointError:
    return CheckpointError(
        f"The detector's file {name} {what}. Restore it from a copy, or teach the product again."
    )
