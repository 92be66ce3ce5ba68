"""A memory of normal patches, searched exactly."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from core.domain.errors import CheckpointError


class Memory(Protocol):
    """Nearest neighbours among normal patches."""

    @property
    def bank(self) -> np.ndarray:
        """float16 (M, C), the normal patches as a checkpoint keeps them."""
        ...

    def nearest(self, patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the distance to the nearest normal patch, and its index.

        Args:
            patches: float32 (N, C).

        Returns:
            float32 (N,) and int64 (N,).

        Raises:
            CheckpointError: if its patches have another number of channels.
        """
        ...

    def around(self, index: int, count: int) -> np.ndarray:
        """Find the normal patches nearest to one of them, itself first.

        Args:
            index: of the patch in the middle.
            count: how many; all when there are fewer.

        Returns:
            float32 (count, C).
        """
        ...


def open_memory(bank: np.ndarray, device: str | None) -> Memory:
    """Open the memory on a torch device, or on the processor when that is None."""
    return HostMemory(bank) if device is None else TorchMemory(bank, device)


class HostMemory:
    """A memory in the machine's own.

    Example:
        >>> memory = HostMemory(np.eye(2, dtype=np.float16))
        >>> memory.nearest(np.array([[0, 3]], np.float32))[0].tolist()
        [2.0]
    """

    def __init__(self, bank: np.ndarray) -> None:
        # Half precision here too: a hundred products stay small, and widening a bank for a matrix
        # product costs a twentieth of the product.
        self._transposed = np.ascontiguousarray(bank.astype(np.float16).T)
        wide = self._wide()
        self._half_squares = np.einsum("ij,ij->j", wide, wide) / 2

    @property
    def bank(self) -> np.ndarray:
        return np.ascontiguousarray(self._transposed.T)

    def nearest(self, patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        _check_fit(patches, len(self._transposed))
        # |x - b|^2 = |x|^2 - 2 (x.b - |b|^2 / 2): one matrix product finds every nearest patch.
        closeness = patches @ self._wide()
        closeness -= self._half_squares
        indices = closeness.argmax(axis=1)
        best = np.take_along_axis(closeness, indices[:, None], axis=1)[:, 0]
        squares = np.einsum("ij,ij->i", patches, patches) - 2 * best
        return np.sqrt(np.maximum(squares, 0)), indices

    def around(self, index: int, count: int) -> np.ndarray:
        wide = self._wide()
        closeness = wide[:, index] @ wide - self._half_squares
        nearest = np.argsort(-closeness, kind="stable")[:count]
        return wide[:, nearest].T

    def _wide(self) -> np.ndarray:
        return self._transposed.astype(np.float32)


class TorchMemory:
    """A memory on a torch device."""

    def __init__(self, bank: np.ndarray, device: str) -> None:
        import torch

        self._device = device
        self._on_device = torch.from_numpy(bank.astype(np.float16)).to(device, torch.float32)

    @property
    def bank(self) -> np.ndarray:
        return self._on_device.half().cpu().numpy()

    def nearest(self, patches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import torch

        _check_fit(patches, self._on_device.shape[1])
        queries = torch.from_numpy(patches).to(self._device)
        distances, indices = torch.cdist(queries, self._on_device).min(dim=1)
        return distances.cpu().numpy(), indices.cpu().numpy()

    def around(self, index: int, count: int) -> np.ndarray:
        import torch

        distances = torch.cdist(self._on_device[index][None], self._on_device)[0]
        nearest = distances.argsort(stable=True)[:count]
        return self._on_device[nearest].cpu().numpy()


def _check_fit(patches: np.ndarray, channels: int) -> None:
    if patches.shape[1] != channels:
        raise CheckpointError(
            f"The detector's memory holds patches of {channels} numbers, but its network gives "
            f"{patches.shape[1]}: bank and options do not belong together. Restore the detector's "
            "files from a copy, or teach the product again."
        )
