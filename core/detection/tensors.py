"""Arrays of a checkpoint as safetensors, checked when they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.errors import CheckpointError


def write_tensors(arrays: Mapping[str, np.ndarray]) -> bytes:
    """A safetensors file of arrays."""
    from safetensors.numpy import save

    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()})


def read_tensors(
    files: Mapping[str, bytes], name: str, wanted: Sequence[str]
) -> dict[str, np.ndarray]:
    """Arrays of one file of a checkpoint.

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
        found = {key: arrays[key] for key in wanted}
    except (KeyError, SafetensorError, ValueError) as error:
        raise CheckpointError(
            f"The detector's file {name} is missing or damaged ({error}). "
            "Restore it from a copy, or teach the product again."
        ) from error
    for key, array in found.items():
        if not np.isfinite(array).all():
            raise CheckpointError(
                f"The detector's file {name} holds numbers that are not finite (in {key}). "
                "Restore it from a copy, or teach the product again."
            )
    return found


def read_bank(files: Mapping[str, bytes], name: str) -> np.ndarray:
    """The memory bank of one file, (M, C).

    Raises:
        CheckpointError: as `read_tensors`, or if it is no table of patches.
    """
    bank = read_tensors(files, name, ("bank",))["bank"]
    if bank.ndim != 2 or len(bank) == 0:
        raise CheckpointError(
            f"The detector's file {name} must hold a table of patches, but holds one of shape "
            f"{bank.shape}. Restore it from a copy, or teach the product again."
        )
    return bank
