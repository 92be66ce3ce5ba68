"""The task of a job, and how it reports its progress."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ModelWrapValidatorHandler, ValidationError, model_validator

from core.domain import Frozen, JobStep, step_on_record
from core.domain.errors import JobError
from core.records.jobs import save_progress
from core.records.store.database import Database

if TYPE_CHECKING:
    from core.services.station import Station

# Detectors report progress many times a second; a person need not read it that often.
SAVED_EVERY_S = 0.5


class JobStopped(BaseException):
    """The signal that stops a job; no step that records its failures may catch it."""


@dataclass
class StopSign:
    """Tells a running job to stop.

    Attributes:
        by_person: cancelled, rather than stopped because the program ends.
    """

    by_person: bool = False
    _is_up: threading.Event = field(default_factory=threading.Event)

    def put_up(self, *, by_person: bool) -> None:
        self.by_person = self.by_person or by_person
        self._is_up.set()

    @property
    def is_up(self) -> bool:
        return self._is_up.is_set()


class Progress:
    """Reports the progress of a running task.

    Attributes:
        job_id: id of the job.
    """

    def __init__(self, database: Database, job_id: str, stop: StopSign) -> None:
        self.job_id = job_id
        self._database = database
        self._stop = stop
        self._step = ""
        self._saved_at = 0.0
        self._plan: tuple[JobStep, ...] = ()
        self._rounds, self._round, self._place = 1, 0, 0
        self._whole = 0.0

    def plan(self, steps: Sequence[JobStep], rounds: int = 1) -> None:
        """Tell the steps to come, in their order; without a plan each step is the whole job.

        Args:
            steps: of one round. One that is left out, or comes without a plan, does no harm.
            rounds: how often they are taken, as for each of several sets.
        """
        self._plan, self._rounds = tuple(steps), max(1, rounds)

    def __call__(
        self,
        step: JobStep,
        done: float,
        total: float = 1,
        result: BaseModel | None = None,
        *,
        of: str = "",
    ) -> None:
        """Report how far the job is; call it wherever the job can stop.

        Args:
            step: the step in progress.
            done: the part of the step that is done.
            total: the whole of the step; 1 if `done` is a share instead of a count.
            result: the job's result so far; None: unchanged.
            of: the set that the step works on, if there are several.

        Raises:
            JobStopped: if the job is to stop.
            RecordsError: if the progress cannot be recorded.
        """
        self.stop_here()
        now = time.monotonic()
        name = step_on_record(step, of)
        if name == self._step and now - self._saved_at < SAVED_EVERY_S:
            return
        whole = self._whole = self._of_the_whole(step, min(1.0, done / total))
        save_progress(self._database, self.job_id, name, done, total, result, whole=whole)
        self._step, self._saved_at = name, now

    def _of_the_whole(self, step: JobStep, share: float) -> float:
        """Estimate how much of the whole job is done; it never goes back."""
        if not self._plan:
            return share
        if step not in self._plan:
            return self._whole
        place = self._plan.index(step)
        if place < self._place:
            self._round += 1
        self._place = place
        rounds_done = self._round + (place + share) / len(self._plan)
        return max(self._whole, min(1.0, rounds_done / self._rounds))

    def stop_here(self) -> None:
        """Raise JobStopped if the job is to stop."""
        if self._stop.is_up:
            raise JobStopped


class Task(Frozen, ABC):
    """One kind of long work; its fields are its arguments, stored as JSON.

    Attributes:
        kind: its name in the records and in `core.tasks.registry`.

    Raises:
        JobError: if an argument is missing, unknown or invalid.

    Example:
        >>> station.jobs.submit(Teach(demo=True), "Demo")   # doctest: +SKIP
    """

    kind: ClassVar[str]

    @model_validator(mode="wrap")
    @classmethod
    def _refused_in_a_sentence(cls, fields: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401
        try:
            return handler(fields)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the whole"
            raise cls.refusal(f"{place}: {first['msg']}") from error

    @classmethod
    def refusal(cls, why: str) -> JobError:
        """Make the error that says why a job of this kind cannot be made."""
        return JobError(
            f"A job of the kind {cls.kind} cannot be made ({why}). It takes: "
            f"{', '.join(cls.model_fields)}."
        )

    @abstractmethod
    def run(self, station: Station, progress: Progress) -> BaseModel:
        """Do the work, from the start or from where it stopped.

        Args:
            station: the station that the process shares.
            progress: to be called at each step; its JobStopped must not be caught.

        Returns:
            The result, which the job stores as JSON.

        Raises:
            InspectionError: if the work cannot be done; the job then fails with its sentence.
        """


# Makes the task of a kind from its arguments; raises JobError for invalid ones.
TaskOf = Callable[[str, dict[str, Any]], Task]
