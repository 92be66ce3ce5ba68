"""A short training of anomalib's EfficientAD network, without Lightning.

Batzner et al., "EfficientAD: Accurate Visual Anomaly Detection at Millisecond-Level Latencies",
WACV 2024; network, losses and normalisation are anomalib's (Apache-2.0). Minutes on a CPU must do
where they train for hours on a GPU: a scaled start and Muon (`optimizer`) shorten the way, and the
student's last layer is solved in the end (`last_layer`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from core.detection.base import Lesson
from core.detection.efficientad.last_layer import normalised_teacher, solve_last_layer
from core.detection.efficientad.optimizer import (
    Descent,
    Plateau,
    half_precision,
    limited_steps,
    start_from,
)
from core.detection.efficientad.pictures import WINDOW, outsiders, squares, to_tensor, window
from core.detection.efficientad.teacher import BORDER, START_PICTURES, prepare_teacher
from core.domain import Frozen, JobStep
from core.domain.errors import DetectorError
from core.infrastructure.devices import torch_device

if TYPE_CHECKING:
    from anomalib.models.image.efficient_ad.torch_model import EfficientAdModel
    from torch import Tensor

PICTURES_A_STEP = 2
# Of the time limit, that a distillation may take.
DISTILLATION_SHARE = 0.4
# Share of the time limit when the training ends at the latest; solving the last layer follows.
TRAINING_UNTIL = 0.85
# To so many normals there is a strange picture when the last layer is solved.
NORMALS_TO_STRANGE = 4
LEAST_GAIN = 0.01
# Pictures that means, deviations, quantiles and the validation loss are taken from, at most.
STATISTICS_PICTURES = 16
VALIDATION_PICTURES = 8
# Between two places of the teacher's grid, in pixels.
STRIDE = 4
# As anomalib: of a map's values on normals, these quantiles become 0 and 0.1.
QUANTILES = (0.9, 0.995)


class EfficientAdOptions(Frozen):
    """How an EfficientAD is trained."""

    input_size: int = Field(256, ge=256, le=1024, multiple_of=32, description="side, in pixels")
    max_steps: int = Field(200, ge=1, description="of the training, two pictures each")
    distillation_steps: int = Field(
        400, ge=1, description="of the teacher, where its published weights are not at hand"
    )
    solved_pictures: int = Field(
        64, ge=1, description="normals that the student's last layer is solved on, at most"
    )
    time_limit_s: float = Field(
        600,
        gt=0,
        description="of distillation and training; the same lesson gives the same "
        "detector only where this does not end them",
    )
    learning_rate: float = Field(0.02, gt=0, description="of student and autoencoder")
    validation_share: float = Field(
        0.1,
        gt=0,
        lt=1,
        description="of the normals: not trained on, they say when to stop and "
        "give the map its scale",
    )
    check_every: int = Field(50, ge=1, description="steps between two looks at the validation loss")
    patience: int = Field(
        5, ge=1, description="looks without a gain of 1 % after which the training stops"
    )


def train(lesson: Lesson, options: EfficientAdOptions) -> tuple[EfficientAdModel, dict[str, str]]:
    """Train teacher, student and autoencoder.

    Returns:
        The network in evaluation mode, on the host, and what the card should say of its training.

    Raises:
        DetectorError: if there are fewer than 2 pictures, or the training diverges.
        WeightsError: if the teacher's weights cannot be had.
    """
    import torch
    from anomalib.models.image.efficient_ad.torch_model import EfficientAdModel

    count = len(lesson.normals)
    if count < 2:
        raise DetectorError(
            f"EfficientAD learns from 2 good pictures or more, but got {count}. Teach with more."
        )
    device = torch_device(lesson.settings) or "cpu"
    start = time.monotonic()
    rng = np.random.default_rng([lesson.seed, 1])
    order = rng.permutation(count).tolist()
    kept = min(count - 1, max(1, round(options.validation_share * count)))
    # torch's random numbers belong to the whole process: they are put back afterwards.
    with torch.random.fork_rng(devices=[] if device == "cpu" else None):
        torch.manual_seed(lesson.seed)
        model = EfficientAdModel().to(device)
        teacher = prepare_teacher(
            model.teacher,
            lesson,
            options.input_size,
            options.distillation_steps,
            DISTILLATION_SHARE * options.time_limit_s,
        )
        pictures = _Pictures(lesson, options.input_size, device, rng, order[kept:], order[:kept])
        model.mean_std.update(channel_mean_std(model, pictures.trained_on(STATISTICS_PICTURES)))
        seconds = TRAINING_UNTIL * options.time_limit_s - (time.monotonic() - start)
        ending = _train_student(model, pictures, lesson, options, seconds)
        lesson.on_progress(JobStep.SOLVE_LAYER, 0)
        model.eval()
        looks = pictures.looks(options.solved_pictures)
        solve_last_layer(model, looks, np.random.default_rng([lesson.seed, 3]))
        loss = validation_loss(model, pictures)
        model.eval()
        model.quantiles.update(map_quantiles(model, pictures.validation(STATISTICS_PICTURES)))
    facts = {
        "teacher": teacher,
        "out-of-distribution pictures": pictures.outside,
        "training": f"{ending}; validation loss {loss:.3f}",
    }
    return model.to("cpu"), facts


class _Pictures:
    """The lesson's pictures as tensors (1, 3, S, S) on a device."""

    def __init__(
        self,
        lesson: Lesson,
        side: int,
        device: str,
        rng: np.random.Generator,
        training: list[int],
        validation: list[int],
    ) -> None:
        self._rng, self.device = rng, device
        self._training, self._validation = training, validation
        self._normal = squares(lesson.normals, side)
        self._strange, self.outside = outsiders(
            self._normal, len(lesson.normals), side, lesson.settings.ad_weights_dir
        )

    def some(self) -> Tensor:
        """Return any two pictures to train on: (2, 3, S, S)."""
        import torch

        numbers = self._rng.choice(self._training, PICTURES_A_STEP).tolist()
        return torch.cat([self._tensor(self._normal(number)) for number in numbers])

    def strange(self) -> Tensor:
        """Return a picture that is not of the product."""
        return self._tensor(window(self._strange(self._rng), WINDOW, self._rng))

    def looks(self, most: int) -> Iterator[tuple[Tensor, bool]]:
        """Yield each training picture once, and whether it is of another product, as some are."""
        for number, picture in enumerate(self.trained_on(most)):
            yield picture, False
            if number % NORMALS_TO_STRANGE == 0:
                yield self._tensor(self._strange(self._rng)), True

    def trained_on(self, most: int) -> Iterator[Tensor]:
        """List the pictures that are trained on."""
        return (self._tensor(self._normal(number)) for number in self._training[:most])

    def validation(self, most: int) -> Iterator[Tensor]:
        """List the pictures that are held out of training."""
        return (self._tensor(self._normal(number)) for number in self._validation[:most])

    def _tensor(self, pixels: np.ndarray) -> Tensor:
        return to_tensor(pixels, self.device)


def channel_mean_std(model: EfficientAdModel, pictures: Iterable[Tensor]) -> dict[str, Tensor]:
    """Compute mean and standard deviation of the teacher's channels, each (1, C, 1, 1).

    anomalib's `EfficientAd.teacher_channel_mean_std`, summed in double precision.

    Args:
        model: with its teacher.
        pictures: at least one, each (1, 3, S, S), 0..1.
    """
    import torch

    with torch.no_grad():
        seen = [model.teacher(picture).double() for picture in pictures]
        mean = torch.stack([part.mean((0, 2, 3)) for part in seen]).mean(0)
        square = torch.stack([(part**2).mean((0, 2, 3)) for part in seen]).mean(0)
    std = (square - mean**2).clamp_min(1e-12).sqrt()
    return {"mean": mean.float()[None, :, None, None], "std": std.float()[None, :, None, None]}


def map_quantiles(model: EfficientAdModel, pictures: Iterable[Tensor]) -> dict[str, Tensor]:
    """Find the values of both maps on normals that become 0 and 0.1.

    anomalib's `EfficientAd.map_norm_quantiles`.

    Args:
        model: trained, in evaluation mode.
        pictures: normals that it was not trained on, at least one.

    Raises:
        DetectorError: if a map has no spread to take a scale from.
    """
    import torch
    from anomalib.models.image.efficient_ad.torch_model import reduce_tensor_elems

    with torch.no_grad():
        maps = [model.get_maps(picture, normalize=False) for picture in pictures]
    quantiles = {}
    for name, parts in zip(("st", "ae"), zip(*maps, strict=True), strict=True):
        values = reduce_tensor_elems(torch.cat(parts))
        low, high = (torch.quantile(values, share) for share in QUANTILES)
        if not (high > low).item():
            raise DetectorError(
                "The trained network answers alike at every place of the good pictures, so its map "
                "has no scale. Teach with pictures that show the product."
            )
        quantiles |= {f"qa_{name}": low, f"qb_{name}": high}
    return quantiles


def _train_student(
    model: EfficientAdModel,
    pictures: _Pictures,
    lesson: Lesson,
    options: EfficientAdOptions,
    seconds: float,
) -> str:
    """Train student and autoencoder; says how it ended."""
    import torch

    start_from(model.student, torch.cat(list(pictures.trained_on(START_PICTURES))))
    descent = Descent([model.student, model.ae], options.learning_rate)
    plateau = Plateau(options.patience, LEAST_GAIN)
    rng = np.random.default_rng([lesson.seed, 2])
    model.train()
    step, ending = 0, "the time limit"
    for step, share in limited_steps(options.max_steps, seconds):
        lesson.on_progress(JobStep.TRAIN_STUDENT, share)
        loss = step_loss(model, pictures.some(), pictures.strange(), rng)
        if not loss.isfinite():
            raise DetectorError(
                f"The training diverged: its loss is not finite at step {step}. Lower the option "
                "learning_rate."
            )
        descent.step(loss, share)
        if step % options.check_every == 0 and plateau.reached(validation_loss(model, pictures)):
            ending = f"no further gain in {options.patience * options.check_every} steps"
            break
        if step == options.max_steps:
            ending = "all steps"
    return f"{step} steps of {options.max_steps}, ended by {ending}"


def step_loss(
    model: EfficientAdModel, pictures: Tensor, strange: Tensor, rng: np.random.Generator
) -> Tensor:
    """Sum EfficientAD's losses on one window of the grid.

    As anomalib's `EfficientAdModel.compute_losses`, but for a short training: the student learns
    from every place and channel instead of from the hardest thousandth, which moves it too little
    in a few hundred steps; and one look of the student at unchanged pictures serves both of its
    halves.

    Teacher and student do not pad: on a window of the picture they answer with that window of
    their answer to the whole. The autoencoder sees the whole picture.

    Args:
        model: in training mode, its teacher's mean and deviation known.
        pictures: (N, 3, S, S), 0..1, of the product.
        strange: (1, 3, W, W), not of the product; the window is as large.
        rng: that chooses the window.
    """
    import torch

    width = strange.shape[-1]
    side = width // STRIDE - 2 * BORDER
    top, left = rng.integers(0, (pictures.shape[-1] - width) // STRIDE + 1, 2).tolist()
    y, x = STRIDE * top, STRIDE * left
    window = pictures[..., y : y + width, x : x + width]

    channels = model.teacher_out_channels
    with half_precision(str(pictures.device)):
        with torch.no_grad():
            taught = normalised_teacher(model, window)
        followed = model.student(window).float()
        followed_strange = model.student(strange)[:, :channels].float()
        rebuilt = model.ae(pictures, pictures.shape[-2:]).float()
    rebuilt = rebuilt[..., top : top + side, left : left + side]
    return (
        ((taught - followed[:, :channels]) ** 2).mean()
        + (followed_strange**2).mean()
        + ((taught - rebuilt) ** 2).mean()
        + ((rebuilt.detach() - followed[:, channels:]) ** 2).mean()
    )


def validation_loss(model: EfficientAdModel, pictures: _Pictures) -> float:
    """Measure how far student and autoencoder are from the teacher on unseen normals."""
    import torch

    model.eval()
    losses = []
    with torch.no_grad(), half_precision(pictures.device):
        for picture in pictures.validation(VALIDATION_PICTURES):
            _, distance = model.compute_student_teacher_distance(picture)
            taught = normalised_teacher(model, picture)
            rebuilt = model.ae(picture, picture.shape[-2:])
            losses.append((distance.mean() + ((taught - rebuilt) ** 2).mean()).item())
    model.train()
    return float(np.mean(losses))
