from __future__ import annotations

import pytest
import torch
from anomalib.models.image.efficient_ad.torch_model import EfficientAdModel

from core.detection.efficientad.optimizer import (
    Descent,
    Muon,
    Plateau,
    limited_steps,
    near_orthogonal,
    start_from,
)


def test_every_hidden_channel_varies_at_the_start() -> None:
    torch.manual_seed(0)
    network = EfficientAdModel().teacher
    seen = torch.rand(2, 3, 64, 64)

    start_from(network, seen)

    hidden: list[torch.Tensor] = []
    for layer in (network.conv1, network.conv2, network.conv3):
        layer.register_forward_hook(lambda _layer, _inputs, answer: hidden.append(answer))
    with torch.no_grad():
        network(seen)
    for answer in hidden:
        deviation, mean = torch.std_mean(answer, (0, 2, 3))
        torch.testing.assert_close(mean, torch.zeros_like(mean), rtol=0, atol=1e-3)
        torch.testing.assert_close(deviation, torch.ones_like(deviation), rtol=0, atol=1e-2)


def test_descent_moves_kernels_and_biases_downhill() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(3, 4, 3)
    seen, wanted = torch.rand(8, 3, 9, 9), torch.rand(8, 4, 7, 7)
    descent = Descent([layer], 0.02)
    before = [values.detach().clone() for values in layer.parameters()]

    losses = []
    for number in range(40):
        loss = torch.nn.functional.mse_loss(layer(seen), wanted)
        descent.step(loss, number / 40)
        losses.append(loss.item())

    assert losses[-1] < losses[0] / 2
    for values, old in zip(layer.parameters(), before, strict=True):
        assert not torch.equal(values, old)


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


def test_steps_end_by_number_or_by_time() -> None:
    assert [step for step, _ in limited_steps(3, 60)] == [1, 2, 3]
    assert list(limited_steps(3, 0)) == []


def test_plateau_forgets_after_a_gain() -> None:
    plateau = Plateau(patience=2, least_gain=0.01)

    assert [plateau.reached(loss) for loss in (1, 0.995, 0.9, 0.9, 0.95)] == [
        False,
        False,
        False,
        False,
        True,
    ]
