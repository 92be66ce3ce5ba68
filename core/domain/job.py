"""Long work that goes on in the background."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

from pydantic import AwareDatetime, BaseModel, Field

from core.domain.base import Frozen
from core.domain.steps import JobStep

Result = TypeVar("Result", bound=BaseModel)

# Kinds that a person sits and waits for: they never stand behind long work.
WAITED_FOR = ("write_report",)


class JobState(StrEnum):
    """Where a job stands; the last four are ends."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


class Job(Frozen):
    """One piece of long work, as it stands at the moment that it is asked for."""

    id: str
    kind: str = Field(description="which task does it: a name of core.tasks.registry")
    title: str = Field(description="what it is about, for the operator: a product, a lot, a file")
    who: str = Field(description="who asked for it; may be empty")
    created_at: AwareDatetime
    started_at: AwareDatetime | None = Field(None, description="the last time; None: not yet")
    ended_at: AwareDatetime | None = None
    state: JobState
    place: int | None = Field(None, description="in its queue, 1 is next; None: not queued")
    step: str = Field("", description="the present or the last one, as `step_on_record` writes it")
    done: float = Field(0, ge=0, description="of the step")
    total: float = Field(1, gt=0, description="of the step; 1 where shares are told, not counts")
    whole: float = Field(0, ge=0, le=1, description="how much of all its steps is done")
    seconds_left: float | None = Field(None, description="of the step; None: not known yet")
    is_stopping: bool = Field(False, description="to be cancelled, and still in its last step")
    is_stalled: bool = Field(False, description="runs, but has told nothing for too long")
    result: dict[str, Any] = Field(
        default_factory=dict, description="so far or in the end, as JSON; read it by `result_as`"
    )
    error: str = Field("", description="why it did not end well")

    @property
    def is_active(self) -> bool:
        """Whether it runs or waits to."""
        return self.state in (JobState.QUEUED, JobState.RUNNING)

    def result_as(self, kind: type[Result]) -> Result | None:
        """Read what has come of it so far; None: nothing yet.

        Args:
            kind: what its task returns, as `core.tasks.teaching.TeachingResult`.
        """
        return kind.model_validate(self.result) if self.result else None

    @property
    def can_resume(self) -> bool:
        """Whether it ended before it was done."""
        return not self.is_active and self.state is not JobState.DONE

    @property
    def named_step(self) -> tuple[str, JobStep | None]:
        """The set that the step works on, which may be empty, and the step; None: not yet one."""
        of, _, name = self.step.rpartition(": ")
        return of, next((step for step in JobStep if step == name), None)

    @property
    def share(self) -> float:
        """How much of the step is done, 0..1."""
        return min(1.0, self.done / self.total)
