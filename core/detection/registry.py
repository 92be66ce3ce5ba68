"""The detectors that can be chosen, by name; each is imported when it is first used."""

from __future__ import annotations

import importlib

from core.detection.base import Detector
from core.domain.errors import DetectorError

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
