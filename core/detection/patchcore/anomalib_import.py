"""Patchcore checkpoints that anomalib trained."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

from core.detection.patchcore.detector import PatchCore, PatchCoreOptions
from core.domain.errors import CheckpointError
from core.infrastructure.atomic_files import write_atomically
from core.infrastructure.backbones import SPECS, imported_weights_path
from core.infrastructure.settings import Settings

if TYPE_CHECKING:
    import torch

BANK = "model.memory_bank"
NETWORK = "model.feature_extractor.feature_extractor."


def import_patchcore(path: Path, settings: Settings) -> PatchCore:
    """Import the memory bank, the network and the scoring of an anomalib checkpoint.

    The file's network is written beside the checkpoints as safetensors, once for all detectors that
    share it. Pictures are resized without keeping their aspect, as anomalib's default does.

    Args:
        path: a Lightning checkpoint (.ckpt) of anomalib's Patchcore.
        settings: where checkpoints are.

    Raises:
        CheckpointError: if the file is missing or damaged, or not a Patchcore that can be used.
    """
    checkpoint = _read(path)
    options: Mapping[str, Any] = checkpoint.get("hyper_parameters", {})
    state: Mapping[str, torch.Tensor] = checkpoint.get("state_dict", {})
    network = {
        name.removeprefix(NETWORK): tensor.contiguous()
        for name, tensor in state.items()
        if name.startswith(NETWORK)
    }
    if BANK not in state or not network or "layers" not in options:
        raise CheckpointError(
            f"{path.name} is not a trained Patchcore of anomalib 2: it holds no memory bank, "
            "network and layers. Name the .ckpt file that anomalib wrote after training."
        )
    single = options["num_neighbors"] == 1
    detector_options = PatchCoreOptions(
        **_preprocessing(path, checkpoint),
        backbone=_our_name(options["backbone"]),
        layers=tuple(options["layers"]),
        unit_layers=False,
        weights=_store(network, settings),
        bank_size=len(state[BANK]),
        maps="anomalib",
        score="max_patch" if single else "reweighted",
        neighbours=max(2, options["num_neighbors"]),
    )
    return PatchCore(state[BANK].float().numpy(), detector_options, settings)


def _read(path: Path) -> Mapping[str, Any]:
    import torch
    from anomalib import PrecisionType

    try:
        # Nothing but tensors, plain values and this one enumeration is let in.
        with torch.serialization.safe_globals([PrecisionType]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, UnpicklingError) as error:
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint ({str(error).splitlines()[0]}). "
            "Name the .ckpt file that anomalib wrote."
        ) from error


def _our_name(backbone: str) -> str:
    """anomalib names networks as timm does; where we have a name of our own, it is taken."""
    ours = [name for name, spec in SPECS.items() if spec.timm_name == backbone]
    return ours[0] if ours else backbone


def _store(network: Mapping[str, torch.Tensor], settings: Settings) -> str:
    """Write a network's weights where detectors find them; returns their short hash."""
    from safetensors.torch import save

    contents = save(dict(network))
    weights = hashlib.sha256(contents).hexdigest()[:16]
    path = imported_weights_path(settings, weights)
    try:
        write_atomically(path, contents)
    except OSError as error:
        raise CheckpointError(
            f"The network of the checkpoint could not be written to {path}: {error.strerror}. "
            "Free space or correct the folder's rights, and import again."
        ) from error
    return weights


def _preprocessing(path: Path, checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Read input size and scale of the checkpoint's pre-processor.

    Raises:
        CheckpointError: if it does more than resizing to a square and normalising.
    """
    config = checkpoint.get("anomalib_pre_processor_config") or {}
    steps = config.get("transform", {}).get("init_args", {}).get("transforms", [])
    found = {step["class_path"].rsplit(".", 1)[-1]: step["init_args"] for step in steps}
    size = found.get("Resize", {}).get("size", ())
    if set(found) - {"Resize", "Normalize"} or len(set(size)) != 1:
        raise CheckpointError(
            f"{path.name} prepares its pictures by {', '.join(found) or 'unknown steps'} "
            f"(size {list(size)}), but only resizing to a square and normalising can be followed. "
            "Train it with anomalib's default pre-processor."
        )
    normalising = found.get("Normalize", {"mean": (0, 0, 0), "std": (1, 1, 1)})
    return {
        "input_size": size[0],
        "mean": tuple(normalising["mean"]),
        "std": tuple(normalising["std"]),
    }
