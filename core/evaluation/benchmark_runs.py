"""Detection benchmarks on record: jobs of the kind "evaluate" and their figures."""

from __future__ import annotations

from core.domain import Frozen, Job
from core.evaluation.detection import DetectionFigures
from core.workbench import Workbench

SHOWN_RUNS = 50


class Run(Frozen):
    """One run: the job, and figures of the sets that it has measured so far."""

    job: Job
    figures: tuple[DetectionFigures, ...]

    @classmethod
    def of(cls, job: Job) -> Run:
        """The run of an evaluation job."""
        measured = job.result.get("figures", [])
        return cls(job=job, figures=tuple(map(DetectionFigures.model_validate, measured)))


def runs(bench: Workbench) -> list[Run]:
    """The newest runs in any state, the newest first."""
    return [Run.of(job) for job in bench.jobs.recent(SHOWN_RUNS, "evaluate")]
