"""What the grounding check found, and what it could not read: no remark is no praise."""

from __future__ import annotations

from core.domain import Evidence, Report
from core.reporting.grounding import coverage
from pages.texts import number, t


def checked_text(report: Report, evidence: Evidence, violations: int) -> str:
    """Say how many contradictions were found, and among how many of a report's sentences."""
    read = coverage(report, evidence)
    found = t("grounding.found", count=number(violations))
    return f"{found} {t('grounding.held', held=number(read.held), count=number(read.sentences))}"
