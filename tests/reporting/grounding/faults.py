"""Faults planted in clean reports, and whether the check finds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from core.domain import Disposition, Evidence, Remark, Report, Rule, Severity
from core.reporting.grounding import check


# Compared and hashed as the object that it is: its remarks are kept by it.
@dataclass(frozen=True, eq=False)
class Case:
    """A clean report and what it stands on."""

    name: str
    evidence: Evidence
    report: Report


# Which rule has to speak of which kind of fault.
EXPECTED = {
    "id": Rule.KNOWN_ID,
    "place": Rule.PLACE,
    "number": Rule.NUMBER,
    "count": Rule.NUMBER,
    "verdict": Rule.VERDICT,
    "disposition": Rule.VERDICT,
    "severity": Rule.SEVERITY,
    "proposed severity": Rule.SEVERITY,
    "uncovered": Rule.COVERED,
    "cause": Rule.OWN_HYPOTHESIS,
    "false cause": Rule.SUPPORTED,
}
_TEXTS = ("summary", "effect", "containment", "recommended_action")


def replaced(report: Report, old: str, new: str) -> Report:
    """The report with the first text that holds the old words changed.

    Raises:
        ValueError: if no text holds them.
    """
    content = report.model_dump(mode="json")
    if _replace(content, old, new):
        return Report.model_validate(content)
    raise ValueError(f"no text holds {old!r}")


def planted(report: Report, kind: str, old: str, new: str) -> Report:
    """A report with one fault."""
    if kind == "uncovered":
        return report.model_copy(
            update={"findings": report.findings[:-1], "not_assessed": report.not_assessed[1:]}
        )
    if kind == "proposed severity":
        return report.model_copy(update={"proposed_severity": Severity(new)})
    if kind == "disposition":
        return report.model_copy(update={"proposed_disposition": Disposition(new)})
    return replaced(report, old, new)


def is_caught(case: Case, faulty: Report, kind: str) -> bool:
    """Whether the right rule says of the faulty report what it did not say of the clean one."""
    rule = EXPECTED[kind]
    found = _keys(check(faulty, case.evidence), rule)
    return bool(found) and bool(found - _keys(_of_clean(case), rule))


def violations(case: Case) -> tuple[Remark, ...]:
    """What the check says contradicts the evidence."""
    return tuple(remark for remark in _of_clean(case) if remark.is_violation)


@cache
def _of_clean(case: Case) -> tuple[Remark, ...]:
    return check(case.report, case.evidence)


def _keys(remarks: Iterable[Remark], rule: Rule) -> set[tuple[str, str, str]]:
    return {(r.place, r.sentence, r.message) for r in remarks if r.rule is rule}


def _replace(content: dict, old: str, new: str) -> bool:
    for name in _TEXTS:
        if old in content[name]:
            content[name] = content[name].replace(old, new, 1)
            return True
    for finding in content["findings"]:
        for holder, name in (
            (finding, "observation"),
            (finding, "probable_defect_type"),
            *((hypothesis, "cause") for hypothesis in finding["hypotheses"]),
        ):
            if old in holder[name]:
                holder[name] = holder[name].replace(old, new, 1)
                return True
    return False
