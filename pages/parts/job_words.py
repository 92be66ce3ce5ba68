"""What a job is and what it does at the moment, in the console's language."""

from __future__ import annotations

from core.domain import Job
from pages.parts.words import plain
from pages.texts import number, t
from pages.texts.labels import label, label_of


def job_name(job: Job) -> str:
    """Name a job: the kind of work, and what it is about."""
    name = f"{label_of('JobKind', job.kind)}: {plain(job.title)}"
    if job.kind == "inspect_lot" and job.total > 1:
        return f"{name}, {t('jobs.pictures', count=number(job.total))}"
    return name


def step_text(job: Job) -> str:
    """Name the step that a job takes, after the set that it works on; empty: none yet."""
    of, step = job.named_step
    name = "" if step is None else label(step)
    return f"{plain(of)}: {name}" if of else name
