from __future__ import annotations

import torch
from anomalib.models.image.efficient_ad.torch_model import EfficientAdModel

from core.detection.efficientad.optimizer import Descent, start_from


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
