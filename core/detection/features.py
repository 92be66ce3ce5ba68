"""Patch features: what a frozen network sees at each place of a picture."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import numpy as np
from pydantic import Field

from core.domain import Frozen
from core.domain.errors import DetectorError
from core.infrastructure.backbones import (
    DEFAULT_BACKBONE,
    backbone_spec,
    context_layers,
    find_weights,
    input_scale,
    patch_layers,
    resized,
    with_positions_for,
)
from core.infrastructure.devices import torch_device
from core.infrastructure.openvino_models import Program, load_program, program_path
from core.infrastructure.settings import Settings

if TYPE_CHECKING:
    from openvino import Model
    from torch import nn

# Raised whenever the conversion changes, so that old programs are not reused.
CONVERSION_VERSION = 3


Spread = Annotated[float, Field(gt=0)]


class FeatureOptions(Frozen):
    """Which features describe a patch."""

    backbone: str = Field(
        DEFAULT_BACKBONE, description="a name of core.infrastructure.backbones, or timm's"
    )
    layers: tuple[str, ...] | None = Field(None, description="modules; None: the backbone's own")
    context_layers: tuple[str, ...] | None = Field(
        (), description="modules of a second, coarser grid; None: the backbone's own; (): no grid"
    )
    input_size: int = Field(256, ge=64, le=2048, multiple_of=32, description="side, in pixels")
    unit_layers: bool = Field(
        True, description="scale each layer's feature to unit length at every place"
    )
    mean: tuple[float, float, float] | None = Field(
        None, description="of the input's channels, scaled to 0..1; None: the backbone's own"
    )
    std: tuple[Spread, Spread, Spread] | None = Field(None, description="the same")
    weights: str | None = Field(None, description="hash of imported weights; None: the usual ones")


class TokenOptions(FeatureOptions):
    """The same of a vision transformer: its patch, and not 32, divides the input size."""

    input_size: int = Field(448, ge=64, le=2048, description="side, in pixels")


class PatchFeatures(Protocol):
    """Turn uint8 (H, W, 3) RGB into float32 (h, w, C): the patches, and their context if asked."""

    def __call__(self, pixels: np.ndarray) -> tuple[np.ndarray, ...]:
        """Compute the grids of one picture, resized to the input size, its aspect not kept."""
        ...


def load_features(options: FeatureOptions, settings: Settings) -> PatchFeatures:
    """Load the network of some options: one for all products that share them.

    It runs on OpenVINO, or on torch where a CUDA device is used.

    Raises:
        WeightsError: if the backbone is unknown or its weights cannot be had.
        DetectorError: if it has no such layers, or the patches of a vision transformer do not
            divide the input size.
        LibraryError: if it must be converted and what converts it is not installed.
    """
    device = torch_device(settings)
    if device is not None:
        return torch_features(options, settings, device)
    return _openvino_features(options, settings)


def absent_weights(options: FeatureOptions, settings: Settings) -> str:
    """Name the backbone if its weights are not on this machine; empty: they are."""
    is_here = find_weights(options.backbone, settings, options.weights, _kind(options))
    return options.backbone if is_here.source == "hub" else ""


class OpenVinoFeatures:
    """Patch features of a converted network."""

    def __init__(self, program: Program, input_size: int) -> None:
        self._program = program
        self._input_size = input_size

    def __call__(self, pixels: np.ndarray) -> tuple[np.ndarray, ...]:
        grids = self._program(resized(pixels, self._input_size)[None])
        return tuple(grid[0] for grid in grids)


class TorchFeatures:
    """Patch features of a torch network on a device."""

    def __init__(self, network: nn.Module, input_size: int, device: str) -> None:
        self._network = network.to(device)
        self._input_size = input_size
        self._device = device

    def __call__(self, pixels: np.ndarray) -> tuple[np.ndarray, ...]:
        import torch

        image = torch.from_numpy(resized(pixels, self._input_size)[None]).to(self._device)
        with torch.inference_mode():
            return tuple(grid[0].cpu().numpy() for grid in self._network(image))


@lru_cache(maxsize=8)
def _openvino_features(options: FeatureOptions, settings: Settings) -> OpenVinoFeatures:
    kind = _kind(options)
    weights = find_weights(options.backbone, settings, options.weights, kind)
    program = load_program(
        program_path(settings.model_cache_dir, options.backbone, weights.source, kind),
        lambda: _convert(feature_network(options, weights.load()), options.input_size),
    )
    return OpenVinoFeatures(program, options.input_size)


def _kind(options: FeatureOptions) -> str:
    """Name what is cut out of the network, and how."""
    cut = (
        f"{options.layers}{options.context_layers}{options.unit_layers}{options.mean}{options.std}"
        f"{CONVERSION_VERSION}"
    )
    return f"{options.input_size}px-{hashlib.sha256(cut.encode()).hexdigest()[:8]}"


@lru_cache(maxsize=8)
def torch_features(options: FeatureOptions, settings: Settings, device: str) -> TorchFeatures:
    """Load the same features as a torch network on a device."""
    weights = find_weights(options.backbone, settings, options.weights)
    network = feature_network(options, weights.load()).eval()
    return TorchFeatures(network, options.input_size, device)


def feature_network(options: FeatureOptions, network: nn.Module) -> nn.Module:
    """Make a torch module: uint8 (1, H, W, 3) to one or two float32 (1, h, w, C).

    Of a convolutional network these are the outputs of its layers, each averaged over 3x3 places,
    which makes patches tolerant of small shifts (PatchCore, Roth et al. 2022, section 3.1), and
    brought to the finest layer's size; the context is the same of deeper layers. Of a vision
    transformer they are its patch tokens, which know their context already.

    Raises:
        DetectorError: if the network has no such layer; or, when run, if a layer gives no map.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    spec = backbone_spec(options.backbone)
    own_mean, own_std = input_scale(spec, network)
    mean = torch.tensor(options.mean or own_mean).view(1, 3, 1, 1)
    std = torch.tensor(options.std or own_std).view(1, 3, 1, 1)

    def of_tokens(image: torch.Tensor) -> list[torch.Tensor]:
        tokens = transformer.forward_features(image)[:, transformer.num_prefix_tokens :]
        side = math.isqrt(tokens.shape[1])
        return [tokens.transpose(1, 2).reshape(1, -1, side, side)]

    def of_layers(layers: tuple[str, ...]) -> list[torch.Tensor]:
        for layer in layers:
            if layer not in outputs or outputs[layer].ndim != 4:
                raise DetectorError(
                    f"Layer {layer!r} of {options.backbone} gives no features of places. Name "
                    "others (option layers)."
                )
        size = outputs[layers[0]].shape[-2:]
        return [
            functional.interpolate(
                functional.avg_pool2d(outputs[layer], 3, 1, 1),
                size=size,
                mode="bilinear",
                align_corners=False,
            )
            for layer in layers
        ]

    is_transformer = options.layers is None and hasattr(network, "num_prefix_tokens")
    transformer: Any = network
    if is_transformer:
        transformer = with_positions_for(network, options.input_size)
    groups: list[tuple[str, ...]] = []
    if not is_transformer:
        own_context = options.context_layers is None
        context = context_layers(spec, network) if own_context else options.context_layers
        groups = [options.layers or patch_layers(spec, network), *([context] if context else [])]
    outputs: dict[str, torch.Tensor] = {}
    known = dict(network.named_modules())
    for layer in {layer for layers in groups for layer in layers}:
        if not layer or layer not in known:
            few = [name for name in known if name and name.count(".") <= 1]
            raise DetectorError(
                f"{options.backbone} has no layer {layer!r}. It has: {', '.join(few)}."
            )
        known[layer].register_forward_hook(
            lambda _module, _inputs, output, layer=layer: outputs.update({layer: output})
        )

    def joined(parts: list[torch.Tensor]) -> torch.Tensor:
        if options.unit_layers:
            parts = [functional.normalize(part, dim=1) for part in parts]
        return torch.cat(parts, 1).permute(0, 2, 3, 1)

    class Features(nn.Module):
        mean: torch.Tensor
        std: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.network = network
            self.register_buffer("mean", mean)
            self.register_buffer("std", std)

        def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
            image = (pixels.permute(0, 3, 1, 2).float() / 255 - self.mean) / self.std
            if is_transformer:
                return (joined(of_tokens(image)),)
            network(image)
            return tuple(joined(of_layers(layers)) for layers in groups)

    return Features()


def _convert(network: nn.Module, input_size: int) -> Model:
    """OpenVINO model; the input size is fixed, because timm's "same" padding depends on it."""
    import openvino as ov
    import torch

    example = torch.zeros(1, input_size, input_size, 3, dtype=torch.uint8)
    with torch.no_grad():
        network.eval()(example)  # what it cannot do is said by it, not by the conversion
        return ov.convert_model(network.eval(), example_input=example, input=list(example.shape))
