"""The teacher of an EfficientAD: published weights where they are, else distilled here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.detection.base import Lesson
from core.detection.efficientad.optimizer import (
    Descent,
    half_precision,
    limited_steps,
    start_from,
)
from core.detection.efficientad.pictures import (
    outsiders,
    random_view,
    squares,
    to_tensor,
    window,
)
from core.detection.features import FeatureOptions, PatchFeatures, load_features
from core.domain import JobStep
from core.domain.errors import DetectorError, WeightsError
from core.infrastructure.backbones import DEFAULT_BACKBONE, check_finite
from core.infrastructure.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor, nn

# anomalib's published weights: as safetensors, or as in anomalib's archive.
PUBLISHED = ("efficientad_teacher_small.safetensors", "pretrained_teacher_small.pth")
# The description network looks at 33 px in steps of 4 and does not pad: its first answer is about
# the fifth place of a grid that covers the picture in steps of 4.
BORDER = 4
# What the backbone is asked for. On pictures of twice the size, a place of blocks.2 sees 67 px and
# one of blocks.3 147 px; the teacher sees 66 px there. blocks.4 sees 339 px.
LAYERS = ("blocks.2", "blocks.3")
# Side of what one step looks at, in pixels of the teacher's input.
TEACHER_WINDOW = 256
LEARNING_RATE = 0.02
STATISTICS_PICTURES = 32
# Pictures that the network's first weights are scaled on.
START_PICTURES = 8
# Of the pictures that are distilled on; the rest are crops of the product's own.
STRANGE_SHARE = 0.5
CHANNELS = 384


def prepare_teacher(
    teacher: nn.Module, lesson: Lesson, input_size: int, steps: int, seconds: float
) -> str:
    """Give the teacher its weights, in place.

    Args:
        teacher: anomalib's small patch description network, on the device to train on.
        lesson: whose settings say where weights are; its pictures are distilled on otherwise.
        input_size: side of the student's pictures, in pixels.
        steps: of the distillation, at most.
        seconds: for the distillation, at most.

    Returns:
        Which teacher it is, for the card.

    Raises:
        WeightsError: if a file of published weights is there but is not one.
    """
    path = published_teacher(lesson.settings)
    if path is not None:
        _read_published(teacher, path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        return f"published weights {path.name} (sha256 {digest[:12]})"
    done, loss = _distil(teacher, lesson, input_size, steps, seconds)
    return (
        f"distilled from {DEFAULT_BACKBONE} on the product's own images ({done} steps, "
        f"last loss {loss:.2f})"
    )


def published_teacher(settings: Settings) -> Path | None:
    """Find the file of published weights; None: there is none, and a teacher is distilled."""
    folder = settings.ad_weights_dir
    paths = [] if folder is None else [folder / name for name in PUBLISHED]
    return next((path for path in paths if path.exists()), None)


def _read_published(teacher: nn.Module, path: Path) -> None:
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            weights = load_file(path)
        else:
            weights = torch.load(path, map_location="cpu", weights_only=True)
        teacher.load_state_dict(weights)
    except (
        OSError,
        SafetensorError,
        RuntimeError,
        TypeError,
        AttributeError,
        EOFError,
        pickle.UnpicklingError,
    ) as error:
        raise WeightsError(
            f"{path} does not hold the weights of EfficientAD's small teacher "
            f"({str(error).splitlines()[0]}). Get the file again, or remove it."
        ) from error
    check_finite(teacher.state_dict(), path)


def _distil(
    teacher: nn.Module, lesson: Lesson, input_size: int, steps: int, seconds: float
) -> tuple[int, float]:
    """Teach the small network to see patches as the backbone does.

    As in the paper (section 3.1 and algorithm 3 of its appendix) the backbone sees the picture at
    twice the size, its features get zero mean and unit variance in each channel, and the teacher
    regresses them. The paper distils a WideResNet on ImageNet; here it is the embedded backbone up
    to the layers whose view is not much wider than the teacher's, on views of the product's
    pictures and on pictures that are not of the product. A fixed random rotation spreads the
    backbone's channels over the teacher's.

    Returns:
        How many steps were done, and the last one's loss (1: nothing was learned).
    """
    import torch
    from torch.nn import functional

    device = str(next(teacher.parameters()).device)
    rng = np.random.default_rng(lesson.seed)
    side = 2 * TEACHER_WINDOW
    large = squares(lesson.normals, 2 * input_size)
    count = len(lesson.normals)
    strange, _ = outsiders(large, count, 2 * input_size, lesson.settings.ad_weights_dir)
    features = load_features(
        FeatureOptions(input_size=side, layers=LAYERS, unit_layers=False), lesson.settings
    )

    def draw() -> np.ndarray:
        if rng.random() < STRANGE_SHARE:
            return window(strange(rng), side, rng)
        return random_view(large(int(rng.integers(count))), side, rng)

    def seen(pixels: np.ndarray) -> Tensor:
        return functional.avg_pool2d(to_tensor(pixels, device), 2)

    first = [draw() for _ in range(STATISTICS_PICTURES)]
    target = _targets(features, first, rng)
    start_from(teacher, torch.cat([seen(pixels) for pixels in first[:START_PICTURES]]))
    descent = Descent([teacher], LEARNING_RATE)
    done, loss = 0, torch.zeros(())
    for step, share in limited_steps(steps, seconds):
        lesson.on_progress(JobStep.DISTIL, share)
        pixels = draw()
        with half_precision(device):
            answer = teacher(seen(pixels))
        loss = functional.mse_loss(answer.float(), target(pixels).to(device))
        descent.step(loss, share)
        done = step
    if not loss.isfinite():
        raise DetectorError(
            "The teacher's distillation diverged: its loss is not finite. Teach again with "
            "another seed."
        )
    return done, float(loss.detach())


def _targets(
    features: PatchFeatures, pictures: list[np.ndarray], rng: np.random.Generator
) -> Callable[[np.ndarray], Tensor]:
    """What the teacher shall answer to a picture: float32 (1, 384, h, w).

    Args:
        features: of the backbone.
        pictures: that the mean and the deviation of each channel are taken from.
        rng: of the rotation.
    """
    import torch

    seen = np.concatenate([_flat(features(picture)[0]) for picture in pictures])
    mean, std = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    width = seen.shape[1]
    # Orthonormal rows: distances between patches stay as the backbone has them.
    normal = rng.standard_normal((max(width, CHANNELS), min(width, CHANNELS)))
    rotation = np.linalg.qr(normal)[0].astype(np.float32)
    if width < CHANNELS:
        rotation = rotation.T * np.sqrt(CHANNELS / width, dtype=np.float32)

    def target(pixels: np.ndarray) -> Tensor:
        inner = features(pixels)[0][BORDER:-BORDER, BORDER:-BORDER]
        rotated = ((inner - mean) / std) @ rotation
        return torch.from_numpy(rotated).permute(2, 0, 1)[None].float()

    return target


def _flat(features: np.ndarray) -> np.ndarray:
    return features.reshape(-1, features.shape[-1])
