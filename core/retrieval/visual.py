"""Pictures to vectors, for finding those that look alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.backbones import (
    DEFAULT_BACKBONE,
    backbone_spec,
    find_weights,
    input_scale,
    resized,
)
from core.programs import Program, load_program
from core.settings import Settings

if TYPE_CHECKING:
    from openvino import Model
    from torch import nn

INPUT_SIZE = 256
# Raised whenever the conversion changes, so that old programs are not reused.
CONVERSION_VERSION = 1


class VisualEncoder:
    """EfficientNet-Lite0's pooled feature.

    Example:
        >>> encoder = VisualEncoder.load(settings())     # doctest: +SKIP
        >>> encoder(pixels).shape                        # doctest: +SKIP
        (1280,)
    """

    name = DEFAULT_BACKBONE

    def __init__(self, program: Program) -> None:
        self._program = program

    @classmethod
    def load(cls, settings: Settings) -> VisualEncoder:
        """Load the encoder, converting its weights the first time.

        Raises:
            WeightsError: if the weights cannot be had.
        """
        weights = find_weights(DEFAULT_BACKBONE, settings)
        name = f"{DEFAULT_BACKBONE}-{weights.source}-pooled-c{CONVERSION_VERSION}.xml"
        return cls(load_program(settings.model_cache_dir / name, lambda: _convert(weights.load())))

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Vector of a picture.

        Args:
            pixels: uint8 (H, W, 3), RGB.

        Returns:
            float32 (1280,), of unit length.
        """
        (pooled,) = self._program(resized(pixels, INPUT_SIZE)[None])
        return pooled[0]


def _convert(network: nn.Module) -> Model:
    import openvino as ov
    import torch
    from torch.nn import functional

    mean, std = (
        torch.tensor(values).view(1, 3, 1, 1)
        for values in input_scale(backbone_spec(DEFAULT_BACKBONE), network)
    )
    # The pooled feature is wanted, not the classes.
    network.register_module("classifier", torch.nn.Identity())

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            image = pixels.permute(0, 3, 1, 2).float() / 255
            return functional.normalize(self.network((image - mean) / std), dim=1)

    example = torch.zeros(1, INPUT_SIZE, INPUT_SIZE, 3, dtype=torch.uint8)
    with torch.no_grad():
        return ov.convert_model(Pooled().eval(), example_input=example, input=list(example.shape))
