"""The contract of every detector: trained, saved, loaded and run by the same four calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, Self, TypeVar

import numpy as np

from core.domain import Frozen, JobStep, Product
from core.domain.errors import DetectorError
from core.infrastructure.memory import memory_guard
from core.infrastructure.settings import Settings

Options = TypeVar("Options", bound=Frozen)
OnProgress = Callable[[JobStep, float], object]


@dataclass(frozen=True)
class Prediction:
    """What a detector says of one picture.

    Attributes:
        anomaly_map: float32 (H, W), of the picture's own size, on the detector's absolute scale.
        score: of the picture, on the same scale; higher is more unusual.
    """

    anomaly_map: np.ndarray
    score: float


@dataclass(frozen=True)
class Lesson:
    """What a detector learns from.

    Attributes:
        product: that the pictures show.
        normals: good parts only, each uint8 (H, W, 3), RGB; decoded when it is asked for, so that
            any number of pictures fits in memory.
        settings: where weights and converted networks are.
        seed: of every random choice; the same lesson gives the same detector.
        on_progress: called with the step's name and the share of it that is done, 0..1.
    """

    product: Product
    normals: Sequence[np.ndarray]
    settings: Settings
    seed: int = 0
    on_progress: OnProgress = lambda step, share: None


class Detector(ABC, Generic[Options]):
    """One trained anomaly model.

    Attributes:
        algorithm: its name in the registry.
        needs_torch: whether it judges with torch, which an inspecting station does without.
        options_type: the options that it can be trained with, with their defaults.
        options: those that this one was trained with; the card keeps them.

    Example:
        >>> from core.detection.patchcore.detector import PatchCore, PatchCoreOptions
        >>> part = np.zeros((64, 64, 3), np.uint8)
        >>> lesson = Lesson(Product(dataset="Plant", category="lid"), [part] * 5, Settings())
        >>> detector = PatchCore.fit(lesson, PatchCoreOptions(bank_size=9))
        >>> again = PatchCore.load(detector.save(), detector.options, Settings())
        >>> again.predict(part).score == detector.predict(part).score
        True
    """

    algorithm: ClassVar[str]
    needs_torch: ClassVar[bool] = False
    options_type: ClassVar[type[Frozen]]
    options: Options

    @classmethod
    @abstractmethod
    def fit(cls, lesson: Lesson, options: Options) -> Self:
        """Train on normal pictures.

        Args:
            lesson: what to learn from.
            options: of `options_type`.

        Raises:
            WeightsError: if a network's weights cannot be had.
            DetectorError: if training cannot succeed on these pictures.
        """

    def predict(self, pixels: np.ndarray) -> Prediction:
        """Score one picture; safe to call from several threads.

        Args:
            pixels: uint8 (H, W, 3), RGB.

        Raises:
            DetectorError: if the picture has another form, or the network answers with numbers
                that are not finite; or if memory runs out.
        """
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise DetectorError(
                "A detector takes a picture of 3 channels of 8 bits, (height, width, 3), but got "
                f"{pixels.dtype} {pixels.shape}. Read it with core.imaging.decoding.checked_image."
            )
        with memory_guard("judge a picture"):
            prediction = self._predict(pixels)
        if not np.isfinite(prediction.score) or not np.isfinite(prediction.anomaly_map).all():
            raise DetectorError(
                f"The {self.algorithm} detector answered with numbers that are not finite: its "
                "files are damaged. Teach the product again."
            )
        return prediction

    @abstractmethod
    def _predict(self, pixels: np.ndarray) -> Prediction:
        """Score one picture that was checked."""

    @abstractmethod
    def save(self) -> dict[str, bytes]:
        """Write the contents of the detector's files, by name; nothing pickled."""

    @classmethod
    @abstractmethod
    def load(cls, files: Mapping[str, bytes], options: Options, settings: Settings) -> Self:
        """Load a detector that was saved; it predicts as it did then.

        Raises:
            CheckpointError: if the files do not hold what the options say, or hold numbers that
                are not finite.
            WeightsError: if a network's weights cannot be had.
        """

    @classmethod
    def absent_weights(cls, options: Options, settings: Settings) -> str:
        """Name the weights that training needs and this machine lacks; empty: it lacks none.

        Neither is a network loaded nor the model hub asked.
        """
        return ""

    @property
    @abstractmethod
    def backbone_name(self) -> str:
        """The network that sees for it."""

    def extend(self, lesson: Lesson) -> Self:
        """Learn further normals without starting again; returns the new detector.

        Raises:
            DetectorError: if this algorithm cannot.
        """
        raise DetectorError(
            f"{self.algorithm} cannot learn further pictures of {lesson.product.key} alone. Teach "
            "it again from all of them."
        )

    def facts(self) -> dict[str, str]:
        """Say what the card should hold of this detector beside its options."""
        return {}
