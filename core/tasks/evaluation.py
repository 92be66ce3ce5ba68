"""Measure a detector on labelled sets, as `python -m core evaluate` does."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from core.detection.registry import DEFAULT_DETECTOR
from core.domain import Frozen, JobStep
from core.evaluation.detection.costs import cost_rule
from core.evaluation.detection.datasets import read_datasets
from core.evaluation.detection.figures import DetectionFigures, evaluate_detection
from core.services.jobs.task import Progress, Task
from core.services.station import Station
from core.tasks.teaching import FIT_STEPS


class EvaluationResult(Frozen):
    """The figures of each set measured so far."""

    figures: tuple[DetectionFigures, ...]


class Evaluate(Task):
    """Teach a fresh detector on each set's normals and measure it on its test pictures.

    When resumed it starts again. Records and detectors of the station stay unchanged.
    """

    kind: ClassVar[str] = "evaluate"

    folders: tuple[Path, ...] = Field(min_length=1, description="in the layout of MVTec AD")
    detector: str = DEFAULT_DETECTOR
    options: dict[str, Any] = Field(default_factory=dict, description="of the detector")
    seed: int = 0
    cost_ratio: float | None = Field(None, description="cost of an escape in overkills")
    prevalence: float | None = Field(None, description="share of defective parts")
    review_cost: float | None = Field(None, description="cost of a review in overkills")

    def run(self, station: Station, progress: Progress) -> EvaluationResult:
        """Measure one set after the other.

        Raises:
            InspectionError: if a set or an option of the detector cannot be used.
        """
        costs = cost_rule(self.cost_ratio, self.prevalence, self.review_cost)
        figures: list[DetectionFigures] = []
        datasets = read_datasets(self.folders)
        steps = (*FIT_STEPS.get(self.detector, ()), JobStep.CALIBRATE, JobStep.JUDGE_TESTS)
        progress.plan((*steps, JobStep.MEASURED), len(datasets))
        for dataset in datasets:
            measured, _ = evaluate_detection(
                dataset,
                station.settings,
                algorithm=self.detector,
                options=self.options,
                costs=costs,
                seed=self.seed,
                on_progress=partial(progress, of=dataset.name),
            )
            figures.append(measured)
            so_far = EvaluationResult(figures=tuple(figures))
            progress(JobStep.MEASURED, 1, result=so_far, of=dataset.name)
        return EvaluationResult(figures=tuple(figures))
