"""Reduction of a memory of patches to the few that cover it best."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

PROJECTED_DIMENSIONS = 64
# Held in memory at a time.
BLOCK_DISTANCES = 4_000_000


def greedy_coreset(
    patches: np.ndarray,
    size: int,
    *,
    seed: int = 0,
    on_progress: Callable[[float], object] | None = None,
) -> np.ndarray:
    """Choose a subset that leaves no patch far from its nearest chosen one.

    Farthest-point selection on a random projection: each step takes the patch that is farthest
    from all taken so far (PatchCore, Roth et al. 2022, algorithm 1; the projection is theirs too,
    after Johnson and Lindenstrauss).

    Args:
        patches: float32 (N, C).
        size: how many to keep; all when N is not larger.
        seed: of the projection and of the first patch.
        on_progress: called now and then with the share done, 0..1.

    Returns:
        int64 (min(size, N),), in the order of selection.
    """
    count = len(patches)
    if count <= size:
        return np.arange(count)
    rng = np.random.default_rng(seed)
    projection = rng.standard_normal((patches.shape[1], PROJECTED_DIMENSIONS), dtype=np.float32)
    projected = patches @ (projection / np.sqrt(PROJECTED_DIMENSIONS, dtype=np.float32))
    squares = np.einsum("ij,ij->i", projected, projected)

    chosen = np.empty(size, np.int64)
    nearest = np.full(count, np.inf, np.float32)
    candidate = int(rng.integers(count))
    for step in range(size):
        chosen[step] = candidate
        distances = squares - 2 * (projected @ projected[candidate]) + squares[candidate]
        np.minimum(nearest, distances, out=nearest)
        candidate = int(nearest.argmax())
        if on_progress is not None and step % 50 == 0:
            on_progress(step / size)
    return chosen


def uncovered(bank: np.ndarray, patches: np.ndarray) -> np.ndarray:
    """Choose greedily the fewest patches that leave none of them far from the memory.

    Far is more than the bank's own spacing: the median distance of its patches to their nearest.

    Args:
        bank: float32 (M, C).
        patches: float32 (N, C).

    Returns:
        int64 (K,), empty when the bank covers them all.
    """
    spacing = float(np.median(_nearest(bank, bank, among_themselves=True)))
    nearest = _nearest(patches, bank)
    chosen: list[int] = []
    while nearest.max() > spacing:
        farthest = int(nearest.argmax())
        chosen.append(farthest)
        np.minimum(nearest, _distances(patches, patches[farthest][None])[:, 0], out=nearest)
        nearest[farthest] = 0
    return np.array(chosen, np.int64)


def _nearest(
    first: np.ndarray, second: np.ndarray, *, among_themselves: bool = False
) -> np.ndarray:
    """Measure from each of the first to the nearest of the second: float32 (N,).

    All distances at once would take gigabytes; they are computed for some rows at a time.
    """
    rows = max(1, BLOCK_DISTANCES // len(second))
    nearest = np.empty(len(first), np.float32)
    for start in range(0, len(first), rows):
        block = _distances(first[start : start + rows], second)
        if among_themselves:
            np.fill_diagonal(block[:, start:], np.inf)
        nearest[start : start + rows] = block.min(axis=1)
    return nearest


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    squares = np.einsum("ij,ij->i", first, first)[:, None] - 2 * (first @ second.T)
    squares += np.einsum("ij,ij->i", second, second)
    return np.sqrt(np.maximum(squares, 0))
