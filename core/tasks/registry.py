"""The kinds of jobs by name; a new kind is a new line, and a task.

Tasks import much of the program, so each is imported when first needed.
"""

from __future__ import annotations

import importlib
from typing import Any

from core.domain.errors import JobError
from core.services.jobs.task import Task

TASKS = {
    "inspect_lot": ("core.tasks.lot", "InspectLot"),
    "write_report": ("core.tasks.report", "WriteReport"),
    "teach": ("core.tasks.teaching", "Teach"),
    "score_defects": ("core.tasks.known_defects", "ScoreDefects"),
    "evaluate": ("core.tasks.evaluation", "Evaluate"),
    "mmad": ("core.tasks.mmad", "AskMmad"),
    "export": ("core.tasks.exports", "Export"),
    "compare_versions": ("core.tasks.version_comparison", "CompareVersions"),
    "compare_lot": ("core.tasks.lot_comparison", "CompareLot"),
}


def task_of(kind: str, arguments: dict[str, Any]) -> Task:
    """Make the task of a kind from its arguments.

    Raises:
        JobError: if the kind is unknown, or an argument is missing, unknown or invalid.
    """
    if kind not in TASKS:
        raise JobError(f"There is no job of the kind {kind!r}. Choose one of: {', '.join(TASKS)}.")
    module, name = TASKS[kind]
    task: type[Task] = getattr(importlib.import_module(module), name)
    return task.model_validate(arguments)
