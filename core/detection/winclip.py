"""WinCLIP: what CLIP says of a picture's windows when asked for a flawless or a damaged part.

Jeong et al., "WinCLIP: Zero-/Few-Shot Anomaly Classification and Segmentation", CVPR 2023; the
model is anomalib's. It runs on torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import cv2
import numpy as np
from pydantic import Field

from core.detection.base import Detector, Lesson, Prediction
from core.detection.tensors import read_tensors, write_tensors
from core.domain import Frozen, JobStep
from core.domain.errors import WeightsError
from core.infrastructure.backbones import (
    check_finite,
    hub_answers,
    model_hub,
    no_weights,
    resized,
)
from core.infrastructure.devices import torch_device
from core.infrastructure.settings import Settings

if TYPE_CHECKING:
    import torch
    from anomalib.models.image.winclip.torch_model import WinClipModel
    from torch import nn

EMBEDDINGS_FILE = "embeddings.safetensors"
SCALES = (2, 3)


class WinClipOptions(Frozen):
    """How WinCLIP is asked."""

    network: str = Field("ViT-B-16-plus-240", description="of open_clip")
    pretrained: str = Field("laion400m_e31", description="open_clip's tag of weights on the hub")
    class_name: str = Field("", description="the part, in words; empty: the product's category")
    normal_states: tuple[str, ...] = Field(
        (), description="further prompts of good parts, with {} for the part"
    )
    anomalous_states: tuple[str, ...] = Field(
        (), description="further prompts of bad parts, such as 'cracked {}'"
    )
    shots: int = Field(4, ge=0, description="normals to compare with; 0: words alone")


class WinClip(Detector[WinClipOptions]):
    """Prompts and a few normal pictures on a CLIP that every product shares."""

    algorithm = "winclip"
    needs_torch = True
    options_type: ClassVar = WinClipOptions

    def __init__(
        self, embeddings: Mapping[str, np.ndarray], options: WinClipOptions, settings: Settings
    ) -> None:
        """Make a detector of embeddings.

        Args:
            embeddings: float32, `text` (2, D), and of the shots `patches` (K, P, D') and
                `windows_2` and `windows_3` (K, W, D), when there are any.
            options: that made them.
            settings: where the network is.
        """
        import torch

        self.options = options
        self._embeddings = dict(embeddings)
        self._device = torch_device(settings) or "cpu"
        self._model = _model(_clip(options, settings)).to(self._device)
        tensors = {
            name: torch.from_numpy(values).to(self._device) for name, values in embeddings.items()
        }
        self._model._text_embeddings = tensors["text"]
        if "patches" in tensors:
            self._model.k_shot = len(tensors["patches"])
            self._model._patch_embeddings = tensors["patches"]
            self._model._visual_embeddings = [tensors[f"windows_{scale}"] for scale in SCALES]

    @classmethod
    def fit(cls, lesson: Lesson, options: WinClipOptions) -> Self:
        import torch

        model = _model(_clip(options, lesson.settings))
        lesson.on_progress(JobStep.READ_PROMPTS, 0)
        name = options.class_name or lesson.product.category.replace("_", " ")
        embeddings = {"text": _text_embeddings(model.clip, name, options)}
        shots = lesson.normals[: options.shots]
        if len(shots) > 0:
            lesson.on_progress(JobStep.SEE_PICTURES, 0.5)
            with torch.inference_mode():
                _, windows, patches = model.encode_image(
                    torch.cat([_input(model.clip, pixels) for pixels in shots])
                )
            embeddings["patches"] = patches.numpy()
            for scale, values in zip(SCALES, windows, strict=True):
                embeddings[f"windows_{scale}"] = values.numpy()
        return cls(embeddings, options, lesson.settings)

    def _predict(self, pixels: np.ndarray) -> Prediction:
        import torch

        with torch.inference_mode():
            answer = self._model(_input(self._model.clip, pixels).to(self._device))
        height, width = pixels.shape[:2]
        anomaly_map = cv2.resize(
            answer.anomaly_map[0].cpu().numpy(), (width, height), interpolation=cv2.INTER_LINEAR
        )
        return Prediction(anomaly_map, float(answer.pred_score[0]))

    def save(self) -> dict[str, bytes]:
        return {EMBEDDINGS_FILE: write_tensors(self._embeddings)}

    @classmethod
    def load(cls, files: Mapping[str, bytes], options: WinClipOptions, settings: Settings) -> Self:
        wanted = ["text"]
        if options.shots > 0:
            wanted += ["patches", *(f"windows_{scale}" for scale in SCALES)]
        return cls(read_tensors(files, EMBEDDINGS_FILE, wanted), options, settings)

    @classmethod
    def absent_weights(cls, options: WinClipOptions, settings: Settings) -> str:
        is_here = _weights_file(options, settings) is not None or _is_downloaded(options)
        return "" if is_here else options.network

    @property
    def backbone_name(self) -> str:
        return self.options.network

    def facts(self) -> dict[str, str]:
        shots = len(self._embeddings["patches"]) if "patches" in self._embeddings else 0
        return {"shots": f"{shots} normals compared with" if shots else "none: prompts alone"}


@lru_cache(maxsize=2)
def _clip(options: WinClipOptions, settings: Settings) -> nn.Module:
    """Load the CLIP of some options, with weights from AD_WEIGHTS_DIR or the hub.

    No package carries its weights yet. A network that open_clip does not know is described by
    NAME.json beside NAME.safetensors, in open_clip's own form.
    """
    weights = _weights_file(options, settings)
    if weights is not None:
        return _clip_in_folder(weights.parent, options.network)
    if not _is_downloaded(options) and not hub_answers():
        raise no_weights(options.network, None, ConnectionError())
    import open_clip

    try:
        with model_hub():
            return open_clip.create_model(options.network, pretrained=options.pretrained).eval()
    except Exception as error:
        raise no_weights(options.network, None, error) from error


def _weights_file(options: WinClipOptions, settings: Settings) -> Path | None:
    folder = settings.ad_weights_dir
    path = None if folder is None else folder / f"{options.network}.safetensors"
    return path if path is not None and path.exists() else None


def _is_downloaded(options: WinClipOptions) -> bool:
    """Tell whether an earlier download is here: the hub names its folder after the weights' tag."""
    from huggingface_hub import constants

    return any(Path(constants.HF_HUB_CACHE).glob(f"models--*{options.pretrained}*"))


def _clip_in_folder(folder: Path, name: str) -> nn.Module:
    import open_clip
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    weights, described = folder / f"{name}.safetensors", folder / f"{name}.json"
    try:
        if described.exists():
            network = open_clip.CLIP(**json.loads(described.read_text()))
        else:
            network = open_clip.create_model(name, load_weights=False)
        state = load_file(weights)
        check_finite(state, weights)
        network.load_state_dict(state)
    except (OSError, SafetensorError, RuntimeError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{weights} does not hold the weights of {name} ({str(error).splitlines()[0]}). "
            "Get the file again, in open_clip's names."
        ) from error
    return network.eval()


def _model(clip: nn.Module) -> WinClipModel:
    """Build anomalib's model around a network; its own constructor would ask the hub for one."""
    import torch
    from anomalib.models.image.winclip.torch_model import TEMPERATURE, WinClipModel

    class GivenClip(WinClipModel):
        def __init__(self) -> None:
            torch.nn.Module.__init__(self)
            self.temperature = TEMPERATURE
            self.scales = SCALES
            self.apply_transform = False
            self.k_shot = 0
            self.class_name = None
            self.reference_images = None
            self.clip: Any = clip
            self.clip.visual.output_tokens = True
            self.grid_size = self.clip.visual.grid_size
            self.register_buffer_list("masks", self._generate_masks(), persistent=False)
            self.register_buffer("_text_embeddings", torch.empty(0))
            self.register_buffer_list("_visual_embeddings", [torch.empty(0) for _ in SCALES])
            self.register_buffer("_patch_embeddings", torch.empty(0))

    return GivenClip().eval()


def _text_embeddings(clip: Any, class_name: str, options: WinClipOptions) -> np.ndarray:  # noqa: ANN401
    """Embed the prompts of good and of bad parts; returns their means, float32 (2, D)."""
    import torch
    from anomalib.models.image.winclip.prompting import TEMPLATES, create_prompt_ensemble
    from open_clip.tokenizer import tokenize

    means = []
    further = (options.normal_states, options.anomalous_states)
    for prompts, states in zip(create_prompt_ensemble(class_name), further, strict=True):
        own = [
            template.format(state.replace("{}", class_name))
            for state in states
            for template in TEMPLATES
        ]
        with torch.inference_mode():
            tokens = tokenize(prompts + own, context_length=clip.context_length)
            means.append(clip.encode_text(tokens).mean(dim=0))
    return torch.stack(means).numpy()


def _input(clip: Any, pixels: np.ndarray) -> torch.Tensor:  # noqa: ANN401
    """Bring a picture into the form that the network takes, float32 (1, 3, S, S)."""
    import torch
    from open_clip import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD

    small = torch.from_numpy(resized(pixels, clip.visual.image_size[0])).permute(2, 0, 1)
    mean = torch.tensor(OPENAI_DATASET_MEAN).view(3, 1, 1)
    std = torch.tensor(OPENAI_DATASET_STD).view(3, 1, 1)
    return ((small.float() / 255 - mean) / std)[None]
