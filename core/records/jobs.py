"""Keep jobs on record: their queue, and where each of them stands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import BaseModel

from core.domain import Job, JobState
from core.domain.errors import JobError
from core.domain.job import WAITED_FOR
from core.records.store.database import Database, insert
from core.records.store.rows import Row

INTERRUPTED = (
    "The program ended while this ran. Start it again: a lot goes on with the pictures that are "
    "left, other work begins anew."
)
STATES_THAT_RESUME = (JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED)
MOST_UNFINISHED = 20
IN_A_HURRY = f"({', '.join(repr(kind) for kind in WAITED_FOR)})"
# Arguments may name thousands of pictures, and are for the worker alone.
COLUMNS = f"""
    * EXCLUDE (arguments),
    CASE WHEN state = 'queued' THEN (
        SELECT count(*) FROM jobs AS waiting
        WHERE waiting.state = 'queued'
            AND (waiting.kind IN {IN_A_HURRY}) = (jobs.kind IN {IN_A_HURRY})
            AND (waiting.queued_at, waiting.number) <= (jobs.queued_at, jobs.number)
    ) END AS place
"""


def add_job(database: Database, job: Job, arguments: str) -> None:
    """Put a new job at the end of the queue.

    Args:
        database: the records.
        job: in state queued.
        arguments: what its task needs, as JSON.
    """
    row = job.model_dump(include={"id", "kind", "title", "who", "created_at"})
    with database.transaction() as cursor:
        insert(
            cursor,
            "jobs",
            [
                row
                | {
                    "queued_at": job.created_at,
                    "state": job.state.value,
                    "arguments": arguments,
                }
            ],
        )


def job(database: Database, job_id: str, stall_s: float) -> Job:
    """Load a job as it stands now.

    Args:
        database: the records.
        job_id: of the job.
        stall_s: seconds of silence after which a running job counts as stalled.

    Raises:
        JobError: if there is none of that id.
    """
    found = _jobs(database, "id = ?", [job_id], stall_s, limit=1)
    if not found:
        raise JobError(f"There is no job {job_id!r} on record here. Check the number.")
    return found[0]


def recent_jobs(
    database: Database, limit: int, stall_s: float, kind: str | None = None
) -> tuple[Job, ...]:
    """List jobs in any state, of one kind unless that is None, the newest first."""
    order = "created_at DESC, number DESC"
    return _jobs(database, "?::VARCHAR IS NULL OR kind = ?", [kind, kind], stall_s, limit, order)


def latest_job(
    database: Database, kind: str, argument: str, value: str, stall_s: float
) -> Job | None:
    """Find the newest job of a kind with this value of a text argument; None: there is none."""
    found = _jobs(
        database,
        "kind = ? AND json_extract_string(arguments, ?) = ?",
        [kind, f"$.{argument}", value],
        stall_s,
        limit=1,
        order="created_at DESC, number DESC",
    )
    return found[0] if found else None


def active_jobs(database: Database, stall_s: float) -> tuple[Job, ...]:
    """List the jobs that run, and then those that wait, in their order."""
    order = "state = 'queued', queued_at, number"
    return _jobs(database, "state IN ('running', 'queued')", [], stall_s, 10_000, order)


def unfinished_jobs(database: Database, kind: str, stall_s: float) -> tuple[Job, ...]:
    """List the jobs of a kind that are not done and that nobody cancelled, the newest first."""
    states = "('running', 'queued', 'failed', 'interrupted')"
    order = "created_at DESC, number DESC"
    return _jobs(
        database, f"kind = ? AND state IN {states}", [kind], stall_s, MOST_UNFINISHED, order
    )


def give_up_job(database: Database, job_id: str) -> bool:
    """Leave a job as it is that ended before it was done; return whether there was one."""
    with database.transaction() as cursor:
        changed = cursor.execute(
            "UPDATE jobs SET state = 'cancelled' WHERE id = ? AND state IN "
            "('failed', 'interrupted') RETURNING id",
            [job_id],
        ).fetchone()
    return changed is not None


def claim_next(database: Database, *, waited_for: bool) -> tuple[str, str, str] | None:
    """Take the next job off its queue and mark it as running; None: nothing waits there.

    Args:
        database: the records.
        waited_for: take one that a person waits for; else one of the others.

    Returns:
        Its id, kind and arguments.
    """
    with database.transaction() as cursor:
        now = _now()
        return cursor.execute(
            f"""
            UPDATE jobs SET state = 'running', started_at = ?, reported_at = ?, error = '',
                ended_at = NULL, step = '', step_started_at = NULL, done = 0, total = 1, whole = 0
            WHERE id = (
                SELECT id FROM jobs WHERE state = 'queued' AND (kind IN {IN_A_HURRY}) = ?
                ORDER BY queued_at, number LIMIT 1
            )
            RETURNING id, kind, arguments
            """,
            [now, now, waited_for],
        ).fetchone()


def save_progress(
    database: Database,
    job_id: str,
    step: str,
    done: float,
    total: float,
    result: BaseModel | None = None,
    *,
    whole: float = 0,
) -> None:
    """Record how far a running job is, and its result so far unless that is None.

    Args:
        database: the records.
        job_id: of the job.
        step: that it takes, as `step_on_record` writes it.
        done: of the step.
        total: of the step.
        result: so far.
        whole: how much of all its steps is done, 0..1.
    """
    now = _now()
    with database.transaction() as cursor:
        cursor.execute(
            """
            UPDATE jobs SET
                step_started_at = CASE WHEN step = $step THEN step_started_at ELSE $now END,
                done_at_start = CASE WHEN step = $step THEN done_at_start ELSE $done END,
                step = $step, done = $done, total = $total, whole = $whole, reported_at = $now,
                result = coalesce($result, result)
            WHERE id = $id AND state = 'running'
            """,
            {
                "id": job_id,
                "now": now,
                "step": step,
                "done": done,
                "total": total,
                "whole": whole,
                "result": None if result is None else result.model_dump_json(),
            },
        )


def end_job(
    database: Database,
    job_id: str,
    state: JobState,
    result: BaseModel | None = None,
    error: str = "",
) -> None:
    """Record how a running job ended; the result so far stays unless a new one is given."""
    with database.transaction() as cursor:
        cursor.execute(
            "UPDATE jobs SET state = ?, ended_at = ?, is_stopping = false, "
            "result = coalesce(?, result), error = ? WHERE id = ? AND state = 'running'",
            [
                state.value,
                _now(),
                None if result is None else result.model_dump_json(),
                error,
                job_id,
            ],
        )


def cancel_job(database: Database, job_id: str) -> JobState | None:
    """Cancel a job that waits, or ask one that runs to stop.

    Returns:
        The state that it was in; None: there is no such job.
    """
    with database.transaction() as cursor:
        found = cursor.execute("SELECT state FROM jobs WHERE id = ?", [job_id]).fetchone()
        cursor.execute(
            "UPDATE jobs SET state = 'cancelled', ended_at = ? WHERE id = ? AND state = 'queued'",
            [_now(), job_id],
        )
        cursor.execute(
            "UPDATE jobs SET is_stopping = true WHERE id = ? AND state = 'running'", [job_id]
        )
    return None if found is None else JobState(found[0])


def requeue_job(database: Database, job_id: str) -> None:
    """Put a job that ended before it was done at the end of the queue.

    Raises:
        JobError: if it waits, runs or is done, or there is none of that id.
    """
    states = [state.value for state in STATES_THAT_RESUME]
    with database.transaction() as cursor:
        changed = cursor.execute(
            "UPDATE jobs SET state = 'queued', queued_at = ?, ended_at = NULL, error = '' "
            "WHERE id = ? AND list_contains(?, state) RETURNING id",
            [_now(), job_id, states],
        ).fetchone()
        if changed is None:
            raise JobError(
                f"The job {job_id} cannot be started again: it waits, runs or is done already, or "
                "there is no such job. Make a new one instead."
            )


def interrupt_running(database: Database) -> None:
    """Mark the jobs that ran when the last process ended; only one has the records open."""
    if not database.rows("SELECT 1 FROM jobs WHERE state = 'running' LIMIT 1"):
        return
    with database.transaction() as cursor:
        cursor.execute(
            """
            UPDATE jobs SET ended_at = coalesce(reported_at, ?), is_stopping = false,
                state = CASE WHEN is_stopping THEN 'cancelled' ELSE 'interrupted' END,
                error = CASE WHEN is_stopping THEN '' ELSE ? END
            WHERE state = 'running'
            """,
            [_now(), INTERRUPTED],
        )


def inspected_in(database: Database, ids: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """Find which of these inspections are on record: verdict, and whether a report was tried."""
    # The process may have died after the report was recorded, and before the step was.
    found = database.rows(
        """
        SELECT id, verdict,
            list_contains(json_extract_string(steps, '$[*].name'), 'report')
                OR id IN (SELECT inspection_id FROM revisions) AS is_reported
        FROM inspections WHERE id IN (SELECT unnest(?::VARCHAR[]))
        """,
        list(ids),
    )
    return {row["id"]: (row["verdict"], row["is_reported"]) for row in found}


def _jobs(
    database: Database,
    where: str,
    parameters: list[object],
    stall_s: float,
    limit: int,
    order: str = "number",
) -> tuple[Job, ...]:
    found = database.rows(
        f"SELECT {COLUMNS} FROM jobs WHERE {where} ORDER BY {order} LIMIT ?",
        *parameters,
        limit,
    )
    now = datetime.now(UTC)
    return tuple(_job_of(row, now, stall_s) for row in found)


def _job_of(row: Row, now: datetime, stall_s: float) -> Job:
    is_running = row["state"] == JobState.RUNNING.value
    silent_s = (now - row["reported_at"]).total_seconds() if is_running else 0.0
    computed = {
        "result": json.loads(row["result"]),
        "seconds_left": _seconds_left(row, silent_s) if is_running else None,
        "is_stalled": silent_s > stall_s,
    }
    return Job(**{name: row[name] for name in Job.model_fields if name not in computed}, **computed)


def _seconds_left(row: Row, silent_s: float) -> float | None:
    """Estimate the seconds left at the pace of the step; None: it has not moved yet."""
    moved = row["done"] - row["done_at_start"]
    if moved <= 0 or row["step_started_at"] is None:
        return None
    seconds = (row["reported_at"] - row["step_started_at"]).total_seconds()
    return max(0.0, (row["total"] - row["done"]) * seconds / moved - silent_s)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
