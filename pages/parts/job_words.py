"""What a job is and what it does at the moment, in the console's language."""

from __future__ import annotations

from core.domain import Job
from pages.parts.words import plain
from pages.texts import number, t


def job_name(job: Job) -> str:
    """Kind of work, and what it is about."""
    kinds = {
        "inspect_lot": t("jobs.inspect_lot"),
        "write_report": t("jobs.write_report"),
        "teach": t("jobs.teach"),
        "score_defects": t("jobs.score_defects"),
        "evaluate": t("jobs.evaluate"),
        "mmad": t("jobs.mmad"),
        "export": t("jobs.export"),
        "compare_lot": t("jobs.compare_lot"),
    }
    name = f"{kinds[job.kind]}: {plain(job.title)}"
    if job.kind == "inspect_lot" and job.total > 1:
        return f"{name}, {t('jobs.pictures', count=number(job.total))}"
    return name


def step_name(step: str) -> str:
    """A step; core names it in English, after the set that it works on where there are several."""
    of_set, colon, name = step.rpartition(": ")
    return f"{plain(of_set)}{colon}{_step_names().get(name, plain(name))}"


def _step_names() -> dict[str, str]:
    return {
        "Ask the questions": t("steps.ask_questions"),
        "Build the memory bank": t("steps.memory_bank"),
        "Calibrate on held-out pictures": t("steps.calibrate"),
        "Check the pictures": t("steps.check_pictures"),
        "Compare the export with torch": t("steps.compare_export"),
        "Cut out the labelled defects": t("steps.cut_defects"),
        "Distil the teacher": t("steps.distil"),
        "Done": t("steps.done"),
        "Inspect the pictures": t("steps.inspect_pictures"),
        "Inspect the test pictures": t("steps.inspect_tests"),
        "Judge the pictures by both": t("steps.judge_by_both"),
        "Judge the test pictures": t("steps.judge_tests"),
        "Keep the labelled pictures": t("steps.keep_labelled"),
        "Print the reports": t("steps.print_reports"),
        "Read the prompts": t("steps.read_prompts"),
        "Score the known defects": t("steps.score_defects"),
        "See the good pictures": t("steps.see_pictures"),
        "Solve the student's last layer": t("steps.solve_layer"),
        "Train the student": t("steps.train_student"),
        "Try the new version": t("steps.try_version"),
        "Wait for the local model": t("steps.wait_for_model"),
        "Write the report": t("steps.write_report"),
        "Write the table": t("steps.write_table"),
        "measured": t("steps.measured"),
    }
