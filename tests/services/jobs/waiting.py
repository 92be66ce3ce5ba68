"""Waiting for jobs, which run in threads of their own, and having them wait."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from core.domain import Job
from core.infrastructure.fair_queue import CORES_OF_A_PICTURE
from core.services.station import Station


def wait_for(station: Station, job_id: str, reached: Callable[[Job], object]) -> Job:
    """The job as soon as something is true of it; fails after three minutes."""
    latest = time.monotonic() + 180
    while not reached(job := station.jobs.job(job_id)):
        assert time.monotonic() < latest, job
        time.sleep(0.02)
    return job


def ended(station: Station, job_id: str) -> Job:
    """The job once it neither waits nor runs."""
    return wait_for(station, job_id, lambda job: not job.is_active)


def ended_at(station: Station, job_id: str) -> datetime:
    """When it ended."""
    at = ended(station, job_id).ended_at
    assert at is not None
    return at


@contextmanager
def nobody_judges(station: Station) -> Generator[None]:
    """All places at the detectors are taken: whoever comes waits, and says nothing."""
    places = max(1, (os.cpu_count() or 1) // CORES_OF_A_PICTURE)
    with ExitStack() as taken:
        for _ in range(places):
            taken.enter_context(station.judging.turn([]))
        yield
