from __future__ import annotations

import pytest
import torch

from core.detection.efficientad.muon import Muon, near_orthogonal


@pytest.mark.parametrize("shape", [(24, 24), (16, 100), (100, 16)])
def test_singular_values_come_near_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))

    values = torch.linalg.svdvals(near_orthogonal(matrix))

    assert 0.3 < values.min() < values.max() < 1.5


def test_steps_are_those_of_torch_but_for_its_rounding() -> None:
    chance = torch.Generator().manual_seed(0)
    start = torch.randn(12, 5, 3, 3, generator=chance)
    ours, theirs = start.clone().requires_grad_(), start.flatten(1).clone().requires_grad_()
    muon, reference = Muon([ours]), torch.optim.Muon([theirs], 0.02, weight_decay=0)

    for _ in range(4):
        gradient = torch.randn(start.shape, generator=chance)
        ours.grad, theirs.grad = gradient.clone(), gradient.flatten(1).clone()
        muon.step(0.02)
        reference.step()

    moved = (theirs.view_as(start) - start).norm()
    assert (ours - theirs.view_as(start)).norm() < 0.02 * moved
    assert ours.grad is None


def test_a_kernel_without_a_gradient_stays() -> None:
    kernel = torch.ones(4, 3, 2, 2, requires_grad=True)

    Muon([kernel]).step(0.02)

    assert torch.equal(kernel, torch.ones(4, 3, 2, 2))
