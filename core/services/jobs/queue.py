"""The queue of jobs of one process, and the threads that work it off."""

from __future__ import annotations

import json
import logging
import os
import secrets
import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core.domain import Job, JobState
from core.domain.errors import InspectionError, JobError, RecordsError
from core.infrastructure.memory import memory_guard
from core.records import jobs as recorded
from core.records.events import add_event
from core.services.jobs.task import JobStopped, Progress, StopSign
from core.tasks.registry import task_of

if TYPE_CHECKING:
    from core.services.station import Station

log = logging.getLogger(__name__)

# Inspections of operators come first wherever the system can tell threads apart.
NICENESS = 10
RETRY_S = 5
LOOKS_A_SILENCE = 4
STALLED = "{title}: nothing was told for more than {s:g} s in the step {step!r}. It may hang."


class Jobs:
    """Long work of one station; safe to use from several threads.

    It is on record from the moment that it is asked for: a closed tab, another browser and the
    next process see it. What ran when the process ended is interrupted, and can be resumed; what
    waited goes on waiting, until `start` or the next job. Jobs that a person waits for have a queue
    and a thread of their own, beside those of long work. A running job that falls silent is an
    event on record.

    Example:
        >>> job = station.jobs.submit("teach", "Demo", {"demo": True})   # doctest: +SKIP
        >>> station.jobs.job(job.id).share                               # doctest: +SKIP
        0.35
    """

    def __init__(self, station: Station) -> None:
        """Look after the jobs of a station; none runs yet.

        Raises:
            RecordsError: if the records cannot be read or written.
        """
        self._station = station
        self._records = station.records
        self._changed = threading.Condition()
        self._stops: dict[str, StopSign] = {}
        self._threads: list[threading.Thread] = []
        self._is_closed = False
        recorded.interrupt_running(self._records)

    def submit(self, kind: str, title: str, arguments: dict[str, Any], who: str = "") -> Job:
        """Put a job at the end of the queue.

        Args:
            kind: a name of `core.tasks.registry.TASKS`.
            title: for the operator.
            arguments: the task's fields, as JSON.
            who: asks for it.

        Raises:
            JobError: if the kind or an argument cannot be.
            RecordsError: if it cannot be recorded.
        """
        task = task_of(kind, arguments)
        now = datetime.now(UTC)
        job = Job(
            id=f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
            kind=kind,
            title=title.strip() or kind,
            who=who.strip(),
            created_at=now,
            state=JobState.QUEUED,
        )
        # What was left out stays so: a task may refuse some fields beside others.
        recorded.add_job(self._records, job, task.model_dump_json(exclude_unset=True))
        self.start()
        return self.job(job.id)

    def job(self, job_id: str) -> Job:
        """A job as it stands now.

        Raises:
            JobError: if there is none of that id.
        """
        return recorded.job(self._records, job_id, self._stall_s)

    def recent(self, limit: int = 20, kind: str | None = None) -> tuple[Job, ...]:
        """Jobs in any state, of one kind unless that is None, the newest first."""
        return recorded.recent_jobs(self._records, limit, self._stall_s, kind)

    def latest(self, kind: str, argument: str, value: str) -> Job | None:
        """The newest job of a kind that has this value of a text argument; None: there is none.

        Example:
            >>> station.jobs.latest("write_report", "inspection", inspection.id)   # doctest: +SKIP
        """
        return recorded.latest_job(self._records, kind, argument, value, self._stall_s)

    def active(self) -> tuple[Job, ...]:
        """Jobs that run, and then those that wait, in their order."""
        return recorded.active_jobs(self._records, self._stall_s)

    def cancel(self, job_id: str, who: str = "") -> Job:
        """Cancel a job; one that runs stops where it next tells its progress.

        Nothing changes for a job that has ended.

        Raises:
            JobError: if there is none of that id.
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
            JobError: if it waits, runs or is done, or there is none of that id.
        """
        recorded.requeue_job(self._records, job_id)
        self.start()
        return self.job(job_id)

    def start(self) -> None:
        """Work the queue off, in threads of their own, until `close`.

        Raises:
            JobError: if it is closed.
        """
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
        """Stop what runs, where it next tells its progress; it can be resumed after that.

        Args:
            timeout_s: longest wait; what has not stopped by then counts as interrupted.
        """
        with self._changed:
            self._is_closed = True
            for stop in self._stops.values():
                stop.put_up(by_person=False)
            self._changed.notify_all()
        latest = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, latest - time.monotonic()))

    @property
    def _stall_s(self) -> float:
        return self._station.settings.job_stall_s

    def _watch(self) -> None:
        """Record each running job that falls silent, once a silence."""
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
                    self._changed.wait(self._stall_s / LOOKS_A_SILENCE)

    def _work(self, waited_for: bool) -> None:
        _lower_priority()
        while (claimed := self._next(waited_for)) is not None:
            job_id, kind, arguments, stop = claimed
            outcome = self._outcome(job_id, kind, arguments, stop)
            with self._changed:
                del self._stops[job_id]
            self._end(job_id, *outcome)

    def _next(self, waited_for: bool) -> tuple[str, str, str, StopSign] | None:
        """The next job, as soon as there is one; None: the queue is closed."""
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
    ) -> tuple[JobState, dict[str, Any] | None, str]:
        """Run a job: state, result and error that it ends with."""
        progress = Progress(self._records, job_id, stop)
        try:
            with memory_guard("do this job"):
                result = task_of(kind, json.loads(arguments)).run(self._station, progress)
        except JobStopped:
            if stop.by_person:
                return JobState.CANCELLED, None, ""
            return JobState.INTERRUPTED, None, recorded.INTERRUPTED
        except InspectionError as error:
            return JobState.FAILED, None, str(error)
        except BaseException as error:  # the thread goes on with the next job, whatever it was
            log.exception("The job %s failed", job_id)
            return JobState.FAILED, None, _unforeseen(error)
        return JobState.DONE, result, ""

    def _end(self, job_id: str, state: JobState, result: dict[str, Any] | None, error: str) -> None:
        """Record the end of a job, again and again where that fails, as with a full disk."""
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


def _unforeseen(error: BaseException) -> str:
    return (
        f"The job ended with an error that was not foreseen ({type(error).__name__}: {error}). "
        "The program's log says where. Start it again; if that does not help, report it."
    )


def _lower_priority() -> None:
    """Let this thread yield to others: Linux keeps a niceness for each thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
