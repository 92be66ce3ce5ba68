"""List recorded benchmarks: jobs of the kinds "evaluate" and "mmad", and their figures."""

from __future__ import annotations

from core.domain import Frozen, Job
from core.evaluation.detection.figures import DetectionFigures
from core.evaluation.mmad.figures import MmadFigures
from core.services.station import Station
from core.tasks.evaluation import Evaluate, EvaluationResult
from core.tasks.mmad import AskMmad, MmadResult

SHOWN_RUNS = 50


class Run(Frozen):
    """A run: the job, and the figures of the sets measured so far."""

    job: Job
    figures: tuple[DetectionFigures, ...]

    @classmethod
    def of(cls, job: Job) -> Run:
        """Read the run of an evaluation job."""
        measured = job.result_as(EvaluationResult)
        return cls(job=job, figures=() if measured is None else measured.figures)


def runs(station: Station) -> list[Run]:
    """List the latest runs in any state, the newest first."""
    return [Run.of(job) for job in station.jobs.recent(SHOWN_RUNS, Evaluate)]


class MmadRun(Frozen):
    """A run of MMAD's questions: the job, and its figures once it is done."""

    job: Job
    figures: MmadFigures | None

    @classmethod
    def of(cls, job: Job) -> MmadRun:
        """Read the run of an MMAD job."""
        found = job.result_as(MmadResult)
        return cls(job=job, figures=None if found is None else found.figures)


def mmad_runs(station: Station) -> list[MmadRun]:
    """List the latest runs in any state, the newest first."""
    return [MmadRun.of(job) for job in station.jobs.recent(SHOWN_RUNS, AskMmad)]
