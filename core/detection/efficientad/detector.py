"""EfficientAD: where a student cannot follow its teacher, a picture is unusual.

Batzner, Heckler and König, "EfficientAD: Accurate Visual Anomaly Detection at Millisecond-Level
Latencies", WACV 2024. The network is anomalib's `EfficientAdModel`; it is trained with torch and
judges with OpenVINO.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar, Self

import cv2
import numpy as np

from core.detection.base import Detector, Lesson, Prediction
from core.detection.efficientad.export import (
    COMPARED_PICTURES,
    check_export,
    export,
    open_program,
    whole_network,
)
from core.detection.efficientad.teacher import published_teacher
from core.detection.efficientad.training import EfficientAdOptions, train
from core.detection.features import FeatureOptions, absent_weights
from core.domain import JobStep
from core.domain.errors import CheckpointError
from core.infrastructure.backbones import resized
from core.infrastructure.extras import not_installed
from core.infrastructure.settings import Settings

FACTS_FILE = "facts.json"


class EfficientAd(Detector[EfficientAdOptions]):
    """A network of its own for each product; small and fast, but slow to train.

    The map is anomalib's, half from the student and half from the autoencoder, each on the scale
    of the normals: 0.1 spans its quantiles 0.9 to 0.995 of pictures that were not trained on. It
    starts at 0, where all parts of the network agree. The score is its maximum.
    """

    algorithm = "efficientad"
    options_type: ClassVar = EfficientAdOptions

    def __init__(self, files: Mapping[str, bytes], options: EfficientAdOptions) -> None:
        """Make a detector of its files, as `save` gives them."""
        self.options = options
        self._files = dict(files)
        self._facts = _read_facts(files)
        self._program = open_program(files, options.input_size)

    @classmethod
    def fit(cls, lesson: Lesson, options: EfficientAdOptions) -> Self:
        model, facts = train(lesson, options)
        lesson.on_progress(JobStep.COMPARE_EXPORT, 0)
        network = whole_network(model)
        files = export(network, options.input_size)
        pictures = [
            resized(lesson.normals[number], options.input_size)
            for number in range(min(COMPARED_PICTURES, len(lesson.normals)))
        ]
        difference = check_export(network, open_program(files, options.input_size), pictures)
        facts["export"] = (
            f"differs from torch by {difference:.1g} of the map's range at most, on "
            f"{2 * len(pictures)} pictures"
        )
        return cls({**files, FACTS_FILE: json.dumps(facts).encode()}, options)

    def _predict(self, pixels: np.ndarray) -> Prediction:
        height, width = pixels.shape[:2]
        ((square,),) = self._program(resized(pixels, self.options.input_size)[None])
        anomaly_map = cv2.resize(square, (width, height), interpolation=cv2.INTER_LINEAR)
        return Prediction(anomaly_map, float(anomaly_map.max()))

    def save(self) -> dict[str, bytes]:
        return dict(self._files)

    @classmethod
    def load(
        cls, files: Mapping[str, bytes], options: EfficientAdOptions, settings: Settings
    ) -> Self:
        return cls(files, options)

    @classmethod
    def absent_weights(cls, options: EfficientAdOptions, settings: Settings) -> str:
        # Without torch it cannot be trained at all, which the training says.
        if published_teacher(settings) is not None or not_installed(("torch",)):
            return ""
        return absent_weights(FeatureOptions(), settings)

    @property
    def backbone_name(self) -> str:
        return "pdn_small"

    def facts(self) -> dict[str, str]:
        return dict(self._facts)


def _read_facts(files: Mapping[str, bytes]) -> dict[str, str]:
    try:
        facts = json.loads(files[FACTS_FILE])
        return {str(name): str(value) for name, value in facts.items()}
    except (KeyError, ValueError, AttributeError) as error:
        raise CheckpointError(
            f"The detector's file {FACTS_FILE} is missing or damaged ({type(error).__name__}). "
            "Restore it from a copy, or teach the product again."
        ) from error
