"""The detectors that can be chosen, by name; each is imported when it is first used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.detection.base import Detector
from core.domain import Frozen
from core.domain.errors import DetectorError
from core.infrastructure.settings import Settings

DEFAULT_DETECTOR = "patchcore"
DETECTORS = {
    "patchcore": ("core.detection.patchcore.detector", "PatchCore"),
    "efficientad": ("core.detection.efficientad.detector", "EfficientAd"),
    "winclip": ("core.detection.winclip", "WinClip"),
    "anomalydino": ("core.detection.anomalydino", "AnomalyDino"),
}


def detector_class(algorithm: str) -> type[Detector]:
    """Import the class of an algorithm.

    Raises:
        DetectorError: if there is no such algorithm.
    """
    if algorithm not in DETECTORS:
        raise DetectorError(
            f"There is no detector {algorithm!r}. Choose one of: {', '.join(DETECTORS)}."
        )
    module, name = DETECTORS[algorithm]
    return getattr(importlib.import_module(module), name)


def checked_options(algorithm: str, options: Mapping[str, Any]) -> Frozen:
    """Make the options of an algorithm from values by name.

    Raises:
        DetectorError: if there is no such algorithm or option, or a value is invalid.
    """
    kind = detector_class(algorithm)
    unknown = sorted(set(options) - set(kind.options_type.model_fields))
    if unknown:
        raise DetectorError(
            f"{kind.algorithm} has no option {unknown[0]!r}. It has: "
            f"{', '.join(kind.options_type.model_fields)}."
        )
    try:
        return kind.options_type.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        raise DetectorError(
            f"Option {'.'.join(map(str, first['loc']))} of {kind.algorithm} cannot be "
            f"{first['input']!r}: {first['msg']}."
        ) from error


def require_weights(algorithm: str, options: Frozen, settings: Settings) -> None:
    """Refuse at once to train what lacks weights that cannot be had.

    Raises:
        WeightsError: if they are not on this machine and the model hub does not answer.
    """
    from core.infrastructure.backbones import hub_answers, no_weights

    absent = detector_class(algorithm).absent_weights(options, settings)
    if absent and not hub_answers():
        raise no_weights(absent, None, ConnectionError())
