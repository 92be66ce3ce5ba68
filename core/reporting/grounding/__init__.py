"""The grounding check: every sentence of a report, held to the evidence."""

from __future__ import annotations

from core.domain import Evidence, Remark, Report
from core.reporting.grounding.causes import check_causes
from core.reporting.grounding.coverage import Coverage, coverage
from core.reporting.grounding.ids import check_covered, check_ids
from core.reporting.grounding.numbers import check_numbers
from core.reporting.grounding.places import check_places
from core.reporting.grounding.sentences import sentences
from core.reporting.grounding.severities import check_severities
from core.reporting.grounding.verdicts import check_verdict


def check(report: Report, evidence: Evidence) -> tuple[Remark, ...]:
    """Hold a report to its evidence; the same report and evidence give the same remarks.

    It reads words by rules, in English, German and Korean, whoever wrote them, and raises nothing:
    a text that no rule understands gets no remark. It finds what contradicts the evidence; it does
    not show that a text without remarks is true.

    Args:
        report: as a model wrote it or a person edited it.
        evidence: that it stands on.

    Returns:
        Remarks, each on a sentence as it stands in its field (none on whole fields), in the order
        of the rules and, within a rule, of the fields.
    """
    read = sentences(report, evidence)
    remarks = (
        *check_ids(report, evidence, read),
        *check_covered(report, evidence),
        *check_places(evidence, read),
        *check_numbers(evidence, read),
        *check_severities(report, evidence, read),
        *check_verdict(report, evidence, read),
        *check_causes(report, evidence, read),
    )
    return tuple(dict.fromkeys(remarks))


__all__ = ["Coverage", "check", "coverage"]
