"""Put MMAD's questions to a report writer in the background, as `python -m core mmad` does."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from core.domain import Frozen
from core.evaluation.mmad.figures import MmadFigures
from core.evaluation.mmad.run import run_mmad
from core.services.jobs.task import Progress, Task
from core.services.station import Station

FOLDER = "mmad"


class MmadResult(Frozen):
    """The figures of one writer's answers."""

    figures: MmadFigures


class AskMmad(Task):
    """Ask each question; when resumed, those not answered yet.

    Answers are kept in DATA_DIR/mmad, in a file named by the job's id.
    """

    kind: ClassVar[str] = "mmad"

    questions: Path = Field(description="MMAD's mmad.json")
    images: Path | None = Field(description="folder of its data sets; None: show no pictures")
    writer: str = Field(description="key of the catalogue")
    limit: int | None = Field(None, ge=1, description="questions drawn; None: all")
    seed: int = 0
    templates: int = Field(1, ge=0, le=8)

    def run(self, station: Station, progress: Progress) -> MmadResult:
        """Ask the questions.

        Raises:
            EvaluationError, WriterError: as `run_mmad`.
        """
        figures = run_mmad(
            self.questions,
            self.images,
            self.writer,
            station.settings,
            station.settings.data_dir / FOLDER / f"{progress.job_id}.jsonl",
            limit=self.limit,
            seed=self.seed,
            templates=self.templates,
            on_progress=lambda step, share: progress(step, share),
        )
        return MmadResult(figures=figures)
