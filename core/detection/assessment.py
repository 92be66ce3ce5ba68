"""What a taught detector says of one picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.detection.defects import find_defects
from core.domain import Defect, Judgement
from core.domain.policy import Policy


@dataclass(frozen=True)
class Assessment:
    """A picture's map and the verdict on it, by the product's policy.

    Attributes:
        anomaly_map: float32 (H, W), of the picture's own size, on the detector's absolute scale.
        judgement: score and verdict.
        policy: that the verdict was made by.
    """

    anomaly_map: np.ndarray
    judgement: Judgement
    policy: Policy

    def defects(self, mm_per_px: float | None = None) -> tuple[Defect, ...]:
        """Find the defects of the map; areas are in mm² where the scale is known."""
        return find_defects(self.anomaly_map, self.judgement, self.policy, mm_per_px=mm_per_px)
