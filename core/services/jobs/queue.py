"""The job queue of one process, and the threads that run its jobs."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel

from core.domain import Job, JobState, identifier
from core.domain.errors import InspectionError, JobError, RecordsError
from core.infrastructure.extras import library_guard
from core.infrastructure.ids import id_of
from core.infrastructure.memory import memory_guard
from core.infrastructure.unforeseen import unforeseen
from core.records import jobs as recorded
from core.records.events import add_event
from core.services.jobs.task import JobStopped, Progress, StopSign, Task, TaskOf

if TYPE_CHECKING:
    from core.services.station import Station

log = logging.getLogger(__name__)

# Inspections of operators take precedence where the system has a priority for each thread.
NICENESS = 10
RETRY_S = 5
CHECKS_PER_STALL = 4
STALLED = "{title}: no progress for more than {s:g} s in the step {step!r}. It may hang."


class Jobs:
    """Long work of one station; safe to use from several threads.

    Jobs are recorded as soon as they are requested, so they outlive a closed tab and are visible in
    another browser and to the next process. Jobs that were running when the process ended are
    interrupted and can be resumed; waiting jobs keep waiting until `start` or the next job. Jobs
    that a person waits for have a queue and a thread of their own, separate from long work. A
    running job that reports no progress for too long is recorded as an event.

    Example:
        >>> from core.infrastructure.settings import Settings
        >>> from core.tasks.shared_station import open_station
        >>> from core.tasks.exports import Export
        >>> with open_station(Settings()) as station:
        ...     job = station.jobs.submit(Export(what="csv"), "All inspections")
        ...     [each.title for each in station.jobs.recent()]
        ['All inspections']
    """

    def __init__(self, station: Station, task_of: TaskOf | None) -> None:
        """Manage the jobs of a station; none runs yet.

        Args:
            station: the owner of the jobs.
            task_of: makes the task of a recorded job; None: this process runs no jobs.

        Raises:
            RecordsError: if the records cannot be read or written.
        """
        self._station = station
        self._task_of = task_of
        self._records = station.records
        self._changed = threading.Condition()
        self._stops: dict[str, StopSign] = {}
        self._threads: list[threading.Thread] = []
        self._is_closed = False
        recorded.interrupt_running(self._records)

    def submit(self, task: Task, title: str, who: str = "") -> Job:
        """Put a job at the end of the queue.

        Args:
            task: the work to do.
            title: its title for the operator.
            who: name of the person who requests it.

        Raises:
            JobError: if this process runs no jobs.
            RecordsError: if it cannot be recorded.
        """
        self._require_task_of()
        now = datetime.now(UTC)
        job = Job(
            id=id_of(now),
            kind=task.kind,
            title=title.strip() or task.kind,
            who=identifier(who, "name"),
            created_at=now,
            state=JobState.QUEUED,
        )
        # Unset fields stay unset: a task may refuse some fields in combination with others.
        recorded.add_job(self._records, job, task.model_dump_json(exclude_unset=True))
        self.start()
        return self.job(job.id)

    def job(self, job_id: str) -> Job:
        """Read a job in its present state.

        Raises:
            JobError: if there is no job with this id.
        """
        return recorded.job(self._records, job_id, self._stall_s)

    def recent(self, limit: int = 20, task: type[Task] | None = None) -> tuple[Job, ...]:
        """List jobs in any state, of one task unless that is None, the newest first."""
        kind = None if task is None else task.kind
        return recorded.recent_jobs(self._records, limit, self._stall_s, kind)

    def latest(self, task: type[Task], argument: str, value: str) -> Job | None:
        """Find the newest job of a task with this value of a text argument; None: there is none.

        Example:
            >>> from core.infrastructure.settings import Settings
            >>> from core.services.station import Station
            >>> from core.tasks.teaching import Teach
            >>> with Station(Settings()) as station:
            ...     station.jobs.latest(Teach, "product", "ELPV/mono") is None
            True
        """
        return recorded.latest_job(self._records, task.kind, argument, value, self._stall_s)

    def active(self) -> tuple[Job, ...]:
        """List the running jobs, and then the waiting ones, in their order."""
        return recorded.active_jobs(self._records, self._stall_s)

    def unfinished(self, task: type[Task]) -> tuple[Job, ...]:
        """List the jobs of a task that are not done and not cancelled, the newest first."""
        return recorded.unfinished_jobs(self._records, task.kind, self._stall_s)

    def give_up(self, job_id: str, who: str = "") -> Job:
        """Leave a job as it is that failed or was interrupted; it counts as cancelled.

        A job in another state stays as it is.

        Raises:
            JobError: if there is no job with this id.
        """
        was = self.job(job_id).state
        if recorded.give_up_job(self._records, job_id):
            add_event(self._records, "job cancelled", job_id, {"was": was.value}, who)
        return self.job(job_id)

    def cancel(self, job_id: str, who: str = "") -> Job:
        """Cancel a job; a running one stops when it next reports progress.

        A job that has ended stays as it is.

        Raises:
            JobError: if there is no job with this id.
        """
        with self._changed:
            was = recorded.cancel_job(self._records, job_id)
            if was is JobState.RUNNING and job_id in self._stops:
                self._stops[job_id].put_up(by_person=True)
        if was in (JobState.RUNNING, JobState.QUEUED):
            add_event(self._records, "job cancelled", job_id, {"was": was.value}, who)
        return self.job(job_id)

    def resume(self, job_id: str) -> Job:
        """Start a job again that failed, was cancelled or was interrupted.

        Raises:
            JobError: if it waits, runs or is done, or there is no job with this id.
        """
        recorded.requeue_job(self._records, job_id)
        self.start()
        return self.job(job_id)

    def start(self) -> None:
        """Start the threads that run the jobs of the queue until `close`.

        Raises:
            JobError: if the queue is closed, or this process runs no jobs.
        """
        self._require_task_of()
        with self._changed:
            if self._is_closed:
                raise JobError("The program is ending; the job waits until it starts again.")
            if not self._threads:
                self._threads = [
                    threading.Thread(target=self._watch, name="job-watch", daemon=True),
                    threading.Thread(target=self._work, args=(True,), name="job-now", daemon=True),
                    *(
                        threading.Thread(
                            target=self._work, args=(False,), name=f"job-{number}", daemon=True
                        )
                        for number in range(self._station.settings.jobs_at_once)
                    ),
                ]
                for thread in self._threads:
                    thread.start()
            self._changed.notify_all()

    def close(self, timeout_s: float = 10) -> None:
        """Stop the running jobs when they next report progress; they can be resumed later.

        Args:
            timeout_s: longest wait; jobs still running after it count as interrupted.
        """
        with self._changed:
            self._is_closed = True
            for stop in self._stops.values():
                stop.put_up(by_person=False)
            self._changed.notify_all()
        latest = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, latest - time.monotonic()))

    def _require_task_of(self) -> TaskOf:
        if self._task_of is None:
            raise JobError("This process runs no jobs. Ask for it in the console.")
        return self._task_of

    @property
    def _stall_s(self) -> float:
        return self._station.settings.job_stall_s

    def _watch(self) -> None:
        """Record each running job that reports no progress for too long, once each time."""
        silent: set[str] = set()
        while not self._is_closed:
            try:
                stalled = [job for job in self.active() if job.is_stalled] if self._stops else []
                for job in stalled:
                    if job.id not in silent:
                        reason = STALLED.format(title=job.title, step=job.step, s=self._stall_s)
                        add_event(self._records, "job stalled", job.id, {"reason": reason})
                silent = {job.id for job in stalled}
            except RecordsError as error:
                log.error("Silent jobs cannot be looked for: %s", error)
            with self._changed:
                if not self._is_closed:
                    self._changed.wait(self._stall_s / CHECKS_PER_STALL)

    def _work(self, waited_for: bool) -> None:
        _lower_priority()
        while (claimed := self._next(waited_for)) is not None:
            job_id, kind, arguments, stop = claimed
            outcome = self._outcome(job_id, kind, arguments, stop)
            with self._changed:
                del self._stops[job_id]
            self._end(job_id, *outcome)

    def _next(self, waited_for: bool) -> tuple[str, str, str, StopSign] | None:
        """Wait for the next job; None: the queue is closed."""
        with self._changed:
            while not self._is_closed:
                try:
                    claimed = recorded.claim_next(self._records, waited_for=waited_for)
                except RecordsError as error:
                    log.error("The next job cannot be taken off the queue: %s", error)
                    self._changed.wait(RETRY_S)
                    continue
                if claimed is not None:
                    stop = self._stops[claimed[0]] = StopSign()
                    return (*claimed, stop)
                self._changed.wait()
        return None

    def _outcome(
        self, job_id: str, kind: str, arguments: str, stop: StopSign
    ) -> tuple[JobState, BaseModel | None, str]:
        """Run a job; return its final state, result and error."""
        progress = Progress(self._records, job_id, stop)
        try:
            with memory_guard("do this job"), library_guard("do this job"):
                task = self._require_task_of()(kind, json.loads(arguments))
                result = task.run(self._station, progress)
        except JobStopped:
            if stop.by_person:
                return JobState.CANCELLED, None, ""
            return JobState.INTERRUPTED, None, recorded.INTERRUPTED
        except InspectionError as error:
            return JobState.FAILED, None, str(error)
        except BaseException as error:  # any error: the thread must go on with the next job
            return JobState.FAILED, None, str(unforeseen("The job could not be done", error))
        return JobState.DONE, result, ""

    def _end(self, job_id: str, state: JobState, result: BaseModel | None, error: str) -> None:
        """Record the end of a job, and retry as long as that fails, as with a full disk."""
        while True:
            try:
                recorded.end_job(self._records, job_id, state, result, error)
            except RecordsError as failure:
                log.error("The end of the job %s cannot be recorded: %s", job_id, failure)
            else:
                return
            with self._changed:
                if self._is_closed:
                    return
                self._changed.wait(RETRY_S)


def _lower_priority() -> None:
    """Lower this thread's priority: Linux keeps a niceness for each thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
