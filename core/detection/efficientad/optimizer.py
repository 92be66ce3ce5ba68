"""How the networks of an EfficientAD get from random weights to useful ones in few steps."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from core.detection.efficientad.muon import Muon

if TYPE_CHECKING:
    from torch import Tensor, nn

# Steps until the learning rate is whole, and the share of the way from where on it falls to 0.
WARM_UP = 20
FALLS_FROM = 0.4
# Of the kernels' learning rate: the biases'.
BIAS_SHARE = 0.05


class Descent:
    """Muon for the kernels, Adam for the biases.

    On the patch description network Muon halved the loss that Adam had reached after the same time,
    where a few hundred steps must do.
    """

    def __init__(self, networks: Iterable[nn.Module], learning_rate: float) -> None:
        """Of all parameters of some networks.

        Args:
            networks: of convolutions.
            learning_rate: of the kernels.
        """
        import torch

        parameters = [each for network in networks for each in network.parameters()]
        self._kernels = Muon([each for each in parameters if each.ndim == 4])
        self._biases = torch.optim.Adam([each for each in parameters if each.ndim < 4])
        self._learning_rate = learning_rate
        self._steps = 0

    def step(self, loss: Tensor, share: float) -> None:
        """Follow a loss downhill.

        Args:
            loss: of the networks.
            share: of the way that lies behind, 0..1.
        """
        self._steps += 1
        warm = min(1, self._steps / WARM_UP, (1 - share) / (1 - FALLS_FROM))
        rate = warm * self._learning_rate
        loss.backward()
        self._kernels.step(rate)
        for group in self._biases.param_groups:
            group["lr"] = BIAS_SHARE * rate
        self._biases.step()
        self._biases.zero_grad()


def start_from(network: nn.Module, pictures: Tensor) -> None:
    """Give a patch description network random weights under which every channel says something.

    Kernels are orthogonal, and scaled so that each hidden channel has mean 0 and deviation 1 on
    some pictures before it is rectified (Mishkin and Matas, "All you need is a good init", ICLR
    2016).
    With torch's own start hidden values are hundredths, and a hundred steps pass until they vary.
    The last layer keeps torch's start.

    Args:
        network: anomalib's small patch description network.
        pictures: (N, 3, S, S), 0..1, of what it will see.
    """
    import torch
    from torch import nn

    def normalise(layer: nn.Module, _inputs: object, answer: Tensor) -> Tensor:
        assert isinstance(layer, nn.Conv2d)
        assert layer.bias is not None
        deviation, mean = torch.std_mean(answer, (0, 2, 3))
        scale = 1 / deviation.clamp_min(1e-6)
        layer.weight.mul_(scale[:, None, None, None])
        layer.bias.sub_(mean).mul_(scale)
        return (answer - mean[:, None, None]) * scale[:, None, None]

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)][:-1]
    with torch.no_grad():
        for layer in layers:
            nn.init.orthogonal_(layer.weight)
        hooks = [layer.register_forward_hook(normalise) for layer in layers]
        network(pictures)
        for hook in hooks:
            hook.remove()


def half_precision(device: str) -> AbstractContextManager[object]:
    """Convolutions in bfloat16 where the processor knows it, twice as fast; weights stay whole."""
    import torch

    kind = device.partition(":")[0]
    known = kind != "cpu" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    return torch.autocast(kind, torch.bfloat16, enabled=known)
