"""Names of the steps that inspections and jobs take.

Records keep the values, so a value is never changed; each surface has words of its own for them.
"""

from __future__ import annotations

from enum import StrEnum


class StepName(StrEnum):
    """A step of an inspection."""

    CHECK = "check"
    LOAD_DETECTOR = "load detector"
    WAIT = "wait"
    DETECT = "detect"
    MEASURE = "measure"
    STORE = "store"
    EXEMPLARS = "exemplars"
    COMPARE = "compare"
    KNOWLEDGE = "knowledge"
    DEFECT_TYPES = "defect types"
    REPORT = "report"


class JobStep(StrEnum):
    """A step of a job."""

    ASK_QUESTIONS = "Ask the questions"
    CALIBRATE = "Calibrate on held-out pictures"
    CHECK_PICTURES = "Check the pictures"
    COMPARE_EXPORT = "Compare the export with torch"
    CUT_DEFECTS = "Cut out the labelled defects"
    DISTIL = "Distil the teacher"
    DONE = "Done"
    INSPECT_PICTURES = "Inspect the pictures"
    INSPECT_TESTS = "Inspect the test pictures"
    JUDGE_BY_BOTH = "Judge the pictures by both"
    JUDGE_TESTS = "Judge the test pictures"
    KEEP_LABELLED = "Keep the labelled pictures"
    MEASURED = "measured"
    MEMORY_BANK = "Build the memory bank"
    PRINT_REPORTS = "Print the reports"
    READ_PROMPTS = "Read the prompts"
    SCORE_DEFECTS = "Score the known defects"
    SEE_PICTURES = "See the good pictures"
    SOLVE_LAYER = "Solve the student's last layer"
    TRAIN_STUDENT = "Train the student"
    TRY_VERSION = "Try the new version"
    WAIT_FOR_MODEL = "Wait for the local model"
    WRITE_REPORT = "Write the report"
    WRITE_TABLE = "Write the table"


def step_on_record(step: JobStep, of: str = "") -> str:
    """Write a job's step as records keep it: after the set that it works on, if any.

    Example:
        >>> step_on_record(JobStep.JUDGE_TESTS, "bottle")
        'bottle: Judge the test pictures'
    """
    return f"{of}: {step}" if of else step.value
