"""A trained EfficientAD as an OpenVINO program: converted, compared with torch, and read again."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.domain.errors import CheckpointError, DetectorError
from core.infrastructure.openvino_models import Program, compile_bytes

if TYPE_CHECKING:
    from anomalib.models.image.efficient_ad.torch_model import EfficientAdModel
    from torch import nn

XML_FILE = "model.xml"
WEIGHTS_FILE = "model.bin"
# Of the range of torch's maps: how far an exported map or score may lie from torch's.
PARITY_TOLERANCE = 1e-3
COMPARED_PICTURES = 16


def whole_network(model: EfficientAdModel) -> nn.Module:
    """Make a torch module: uint8 (1, S, S, 3) RGB to float32 (1, S, S), the anomaly map.

    anomalib's normalised map is negative where a picture is more usual than nine tenths of the
    normals' places. Its lowest value, where student, teacher and autoencoder agree, is a constant
    of the network; the map is shifted by it, so that it starts at 0 and every score is positive.
    """
    import torch
    from torch import nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model
            q = {name: float(value) for name, value in model.quantiles.items()}
            self.shift = 0.05 * sum(
                q[f"qa_{part}"] / (q[f"qb_{part}"] - q[f"qa_{part}"]) for part in ("st", "ae")
            )

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            image = pixels.permute(0, 3, 1, 2).float() / 255
            return self.model(image).anomaly_map[:, 0] + self.shift

    return Network().eval()


def export(network: nn.Module, input_size: int) -> dict[str, bytes]:
    """Convert the network to the program's files, in full precision."""
    import openvino as ov
    import torch

    example = torch.zeros(1, input_size, input_size, 3, dtype=torch.uint8)
    with torch.no_grad(), warnings.catch_warnings():
        # Tracing warns of its own future; an operator can do nothing about that.
        warnings.simplefilter("ignore")
        model = ov.convert_model(network, example_input=example, input=list(example.shape))
    with tempfile.TemporaryDirectory() as scratch:
        ov.save_model(model, Path(scratch) / XML_FILE, compress_to_fp16=False)
        return {name: (Path(scratch) / name).read_bytes() for name in (XML_FILE, WEIGHTS_FILE)}


def check_export(network: nn.Module, program: Program, normals: Sequence[np.ndarray]) -> float:
    """Compare both on real pictures, as they are and with a bright or dark patch.

    Args:
        network: in torch.
        program: exported from it.
        normals: each uint8 (S, S, 3).

    Returns:
        The largest difference, as `check_parity` gives it.

    Raises:
        DetectorError: if they differ.
    """
    import torch

    pictures = [*normals, *(patched(pixels, bool(i % 2)) for i, pixels in enumerate(normals))]
    with torch.no_grad():
        original = [network(torch.from_numpy(pixels[None]))[0].numpy() for pixels in pictures]
    return check_parity(original, [program(pixels[None])[0][0] for pixels in pictures])


def check_parity(torch_maps: Sequence[np.ndarray], exported_maps: Sequence[np.ndarray]) -> float:
    """Refuse an export whose maps or scores are not torch's.

    Args:
        torch_maps: each float32 (H, W).
        exported_maps: of the same pictures.

    Returns:
        The largest difference of a map, in shares of the range of torch's maps.

    Raises:
        DetectorError: if a map or a score differs by more than 1e-3 of the range.
    """
    original, exported = np.stack(torch_maps), np.stack(exported_maps)
    if original.shape != exported.shape:
        raise DetectorError(
            f"The exported detector answers with maps of shape {exported.shape[1:]}, torch with "
            f"{original.shape[1:]}: it is not exported."
        )
    span = float(np.ptp(original)) or 1.0
    maps = float(np.abs(exported - original).max()) / span
    scores = float(np.abs(exported.max((1, 2)) - original.max((1, 2))).max()) / span
    # Written so that a difference that is not a number refuses as well.
    if not (maps < PARITY_TOLERANCE and scores <= PARITY_TOLERANCE):
        raise DetectorError(
            f"The exported detector differs from torch's by {maps:.2g} of the map's range (scores "
            f"by {scores:.2g}), but {PARITY_TOLERANCE:g} is allowed: it is not exported. Install "
            "the versions of openvino and torch that requirements.txt names."
        )
    return maps


def patched(pixels: np.ndarray, bright: bool) -> np.ndarray:
    """Put a square patch of one colour, an eighth of its side, on a picture, off its middle."""
    side = len(pixels)
    start = side // 4
    result = pixels.copy()
    result[start : start + side // 8, start : start + side // 8] = 255 if bright else 0
    return result


def open_program(files: Mapping[str, bytes], input_size: int) -> Program:
    """Compile the program of a checkpoint.

    Raises:
        CheckpointError: if it is missing or damaged, is of another size, or holds numbers that are
            not finite.
    """
    import openvino as ov

    try:
        xml, weights = files[XML_FILE], files[WEIGHTS_FILE]
        model = ov.Core().read_model(xml, weights)
        shape = tuple(model.input(0).shape)
        constants = [op for op in model.get_ops() if op.get_type_name() == "Constant"]
        broken = [op.get_friendly_name() for op in constants if not np.isfinite(op.data).all()]
        program = compile_bytes(xml, weights)
    except (KeyError, RuntimeError) as error:
        raise _damaged(str(error).strip().splitlines()[-1]) from error
    if shape != (1, input_size, input_size, 3):
        raise _damaged(f"it takes pictures of {shape}, not of {input_size} px")
    if broken:
        raise _damaged(f"numbers that are not finite, in {broken[0]}")
    return program


def _damaged(why: str) -> CheckpointError:
    return CheckpointError(
        f"The detector's files {XML_FILE} and {WEIGHTS_FILE} are missing or damaged ({why}). "
        "Restore them from a copy, or teach the product again."
    )
