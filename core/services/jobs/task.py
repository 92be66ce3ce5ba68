"""What a job does, and how it tells how far it is."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ModelWrapValidatorHandler, ValidationError, model_validator

from core.domain import Frozen, JobStep, step_on_record
from core.domain.errors import JobError
from core.records.jobs import save_progress
from core.records.store.database import Database

if TYPE_CHECKING:
    from core.services.station import Station

# Detectors tell their progress many times a second; a person reads it once.
SAVED_EVERY_S = 0.5


class JobStopped(BaseException):
    """A job was told to stop. No step that records its own failure and goes on may catch it."""


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
    """What a task tells of itself while it runs.

    Attributes:
        job_id: whose progress it is.
    """

    def __init__(self, database: Database, job_id: str, stop: StopSign) -> None:
        self.job_id = job_id
        self._database = database
        self._stop = stop
        self._step = ""
        self._saved_at = 0.0

    def __call__(
        self,
        step: JobStep,
        done: float,
        total: float = 1,
        result: BaseModel | None = None,
        *,
        of: str = "",
    ) -> None:
        """Tell how far the job is; to be called as often as it could stop.

        Args:
            step: that it takes.
            done: of the step.
            total: of the step; 1 where a share is told and not a count.
            result: what has come of the job so far; None: as told before.
            of: the set that the step works on, where there are several.

        Raises:
            JobStopped: if it is to stop here.
            RecordsError: if that cannot be recorded.
        """
        self.stop_here()
        now = time.monotonic()
        name = step_on_record(step, of)
        if name == self._step and now - self._saved_at < SAVED_EVERY_S:
            return
        save_progress(self._database, self.job_id, name, done, total, result)
        self._step, self._saved_at = name, now

    def stop_here(self) -> None:
        """Raise JobStopped if the job is to stop."""
        if self._stop.is_up:
            raise JobStopped


class Task(Frozen, ABC):
    """One kind of long work: its fields are what it needs, and are kept as JSON.

    Attributes:
        kind: its name on record, and in `core.tasks.registry`.

    Raises:
        JobError: if an argument is missing, unknown or cannot be.

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
            raise JobError(
                f"A job of the kind {cls.kind} cannot be made ({place}: {first['msg']}). It takes: "
                f"{', '.join(cls.model_fields)}."
            ) from error

    @abstractmethod
    def run(self, station: Station, progress: Progress) -> BaseModel:
        """Do it, from the start or from where it was left.

        Args:
            station: that the process shares.
            progress: told at each step; it raises JobStopped, which must pass.

        Returns:
            What came of it; the job keeps it as JSON.

        Raises:
            InspectionError: if it cannot be done; the job failed, with that sentence.
        """


# Makes the task of a kind from its arguments; raises JobError where that cannot be.
TaskOf = Callable[[str, dict[str, Any]], Task]
