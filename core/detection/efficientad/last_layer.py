"""The student's last layer, solved instead of trained."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from anomalib.models.image.efficient_ad.torch_model import EfficientAdModel
    from torch import Tensor

# Every second place of a picture in both directions: its neighbours say hardly more.
SPACING = 2
# Of the mean square of the layer's inputs: what a weight costs.
RIDGE = 1e-4


def solve_last_layer(
    model: EfficientAdModel,
    pictures: Iterable[tuple[Tensor, bool]],
    rng: np.random.Generator,
) -> None:
    """Give the student's last layer the weights that fit it best, in place.

    The layer is linear, so with the layers before it as they are, its part of the loss is a least
    squares problem: a ridge regression solves it exactly, where hundreds of steps only approach
    it. On normals both halves follow teacher and autoencoder. On strange pictures the first half
    is drawn to 0, and the second to what it answers already.

    Args:
        model: trained, in evaluation mode, its teacher's mean and deviation known.
        pictures: each (1, 3, S, S), 0..1, and whether it is strange.
        rng: of the places that are looked at.
    """
    import torch

    layer = model.student.conv4
    width, channels = layer.weight[0].numel() + 1, model.teacher_out_channels
    squares = layer.weight.new_zeros(width, width)
    products = layer.weight.new_zeros(width, len(layer.weight))
    inputs: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _layer, given: inputs.append(given[0]))
    with torch.no_grad():
        for picture, is_strange in pictures:
            wanted = _wanted(model, picture, is_strange, channels)
            top, left = rng.integers(0, SPACING, 2).tolist()
            seen = _patches(inputs.pop()[..., top:, left:], layer.kernel_size[0])
            squares.addmm_(seen.T, seen)
            products.addmm_(
                seen.T, wanted[0, :, top::SPACING, left::SPACING].flatten(1).T.contiguous()
            )
        hook.remove()
        squares.diagonal().add_(RIDGE * squares.diagonal().mean())
        weights = torch.linalg.solve(squares, products)
        kernel = weights[:-1].T.reshape(layer.weight.shape)
        layer.load_state_dict({"weight": kernel, "bias": weights[-1]})


def normalised_teacher(model: EfficientAdModel, picture: Tensor) -> Tensor:
    """Compute the teacher's answer, each channel of mean 0 and deviation 1 on the product."""
    return (model.teacher(picture).float() - model.mean_std["mean"]) / model.mean_std["std"]


def _wanted(model: EfficientAdModel, picture: Tensor, is_strange: bool, channels: int) -> Tensor:
    """What the student shall answer: float32 (1, 2 C, h, w); runs the student once."""
    import torch

    # In full precision, as the layer will run: it would be fitted to the rounding otherwise.
    answer = model.student(picture)
    if is_strange:
        return torch.cat([torch.zeros_like(answer[:, :channels]), answer[:, channels:]], 1)
    return torch.cat([normalised_teacher(model, picture), model.ae(picture, picture.shape[-2:])], 1)


def _patches(values: Tensor, side: int) -> Tensor:
    """What the layer sees at every second place, and 1: (places, C side side + 1)."""
    import torch
    from torch.nn import functional

    columns = functional.unfold(values, side, stride=SPACING)[0].T
    return torch.cat([columns, columns.new_ones(len(columns), 1)], 1)
