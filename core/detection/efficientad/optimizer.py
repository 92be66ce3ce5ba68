"""Optimise the networks of an EfficientAD: start, Muon and Adam, and when a training ends."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

WARM_UP_STEPS = 20
# Share of the training from where on the learning rate falls to 0.
FALLS_FROM = 0.4
# Of the kernels' learning rate: the biases'.
BIAS_SHARE = 0.05
MOMENTUM = 0.95
# Of the quintic polynomial that brings singular values near 1, and how often it is applied.
NEWTON_SCHULZ_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_STEPS = 5


class Descent:
    """Muon for the kernels, Adam for the biases.

    On the patch description network Muon halved the loss that Adam had reached after the same time,
    where a few hundred steps must do.
    """

    def __init__(self, networks: Iterable[nn.Module], learning_rate: float) -> None:
        """Optimise all parameters of some networks.

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
        warm = min(1, self._steps / WARM_UP_STEPS, (1 - share) / (1 - FALLS_FROM))
        rate = warm * self._learning_rate
        loss.backward()
        self._kernels.step(rate)
        for group in self._biases.param_groups:
            group["lr"] = BIAS_SHARE * rate
        self._biases.step()
        self._biases.zero_grad()


def start_from(network: nn.Module, pictures: Tensor) -> None:
    """Give a patch description network random weights under which every channel varies.

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
    """Convolve in bfloat16 where the processor knows it, twice as fast; weights stay whole."""
    import torch

    kind = device.partition(":")[0]
    known = kind != "cpu" or bool(torch.cpu.get_capabilities().get("avx512_bf16"))
    return torch.autocast(kind, torch.bfloat16, enabled=known)


class Muon:
    """Steps downhill for kernels of convolutions, each taken as a matrix.

    torch has a Muon, but it always computes in bfloat16. On two cores that have AVX2 and no
    instructions for bfloat16, a step of the largest kernel, 384 x 4096, took 11 s that way and
    0.14 s this way.

    Source: Jordan et al., https://kellerjordan.github.io/posts/muon/ (momentum and scale as there).
    """

    def __init__(self, kernels: Sequence[Tensor]) -> None:
        """Optimise kernels, float32 (out, ...)."""
        import torch

        self._kernels = kernels
        self._means = [torch.zeros_like(kernel) for kernel in kernels]

    def step(self, rate: float) -> None:
        """Follow the gradients, and forget them; a kernel that has none stays.

        Args:
            rate: the learning rate.
        """
        import torch

        with torch.no_grad():
            for kernel, mean in zip(self._kernels, self._means, strict=True):
                if kernel.grad is None:
                    continue
                mean.lerp_(kernel.grad, 1 - MOMENTUM)
                ahead = kernel.grad.lerp(mean, MOMENTUM).flatten(1)
                scale = math.sqrt(max(1, ahead.shape[0] / ahead.shape[1]))
                kernel.add_(near_orthogonal(ahead).view_as(kernel), alpha=-rate * scale)
                kernel.grad = None


def near_orthogonal(matrix: Tensor) -> Tensor:
    """Bring a matrix's singular values to between 0.5 and 1.5 (Newton and Schulz).

    Args:
        matrix: float32 (M, N).

    Returns:
        float32 (M, N).
    """
    a, b, c = NEWTON_SCHULZ_COEFFICIENTS
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    wide = wide / wide.norm().clamp_min(1e-7)
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = wide @ wide.T
        wide = a * wide + (b * gram + c * gram @ gram) @ wide
    return wide if matrix.shape[0] <= matrix.shape[1] else wide.T


def limited_steps(most: int, seconds: float) -> Iterator[tuple[int, float]]:
    """Count steps from 1 until there are enough or the time is over.

    Yields:
        The step's number, and the share of the way that lies behind, 0..1, by steps or by time,
        whichever is more.
    """
    start = time.monotonic()
    for step in range(1, most + 1):
        passed = (time.monotonic() - start) / seconds if seconds > 0 else 1.0
        if passed >= 1:
            return
        yield step, max((step - 1) / most, passed)


class Plateau:
    """Whether a loss has stopped falling.

    Example:
        >>> plateau = Plateau(patience=2, least_gain=0.1)
        >>> [plateau.reached(loss) for loss in (1.0, 0.8, 0.79, 0.78)]
        [False, False, False, True]
    """

    def __init__(self, patience: int, least_gain: float) -> None:
        """Begin without a loss.

        Args:
            patience: how many losses in a row may bring no gain.
            least_gain: share of the best loss that counts as one.
        """
        self.patience = patience
        self.least_gain = least_gain
        self.best = float("inf")
        self.waited = 0

    def reached(self, loss: float) -> bool:
        """Take the next loss into account; tell whether losses have stopped falling."""
        if loss < self.best * (1 - self.least_gain):
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        return self.waited >= self.patience
