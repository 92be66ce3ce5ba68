"""Texts for the codes that core gives: a table of each catalogue for each kind of code."""

from __future__ import annotations

from core.domain import (
    CauseClass,
    ClockPlace,
    Disposition,
    GridPlace,
    JobState,
    JobStep,
    RevisionKind,
    Severity,
    StepName,
    Verdict,
    place_of,
)
from core.domain.conditions import Unlike, Unlikeness
from core.records.quality import Period
from core.reporting.lacks import Lack, LackKind
from core.services.health.condition import CheckName, CheckStatus, Finding, NetworkKind
from core.services.viewer import Look
from core.statistics.control_charts import ChartRule
from pages.texts import number, t

Labelled = (
    CauseClass
    | ChartRule
    | CheckName
    | CheckStatus
    | Disposition
    | Finding
    | GridPlace
    | JobState
    | JobStep
    | LackKind
    | Look
    | NetworkKind
    | Period
    | RevisionKind
    | Severity
    | StepName
    | Unlikeness
    | Verdict
)


# Below it a measure is told with two decimals.
SMALL = 10


def label(member: Labelled, **values: object) -> str:
    """Look up the text of an enumeration's member by type and name: `Verdict.pass`."""
    return t(f"{type(member).__name__}.{member.name.lower()}", **values)


def label_of(kind: str, code: str) -> str:
    """Look up the text of a code that is not an enumeration, such as a confidence."""
    return t(f"{kind}.{code.replace(' ', '_')}")


def disposition_label(disposition: Disposition | None) -> str:
    """Look up the text of a disposition; None: open."""
    return t("words.open") if disposition is None else label(disposition)


def unlike_label(unlike: Unlike) -> str:
    """Say in which way a picture was taken unlike those taught."""
    told = (unlike.measured, unlike.low, unlike.high)
    digits = 2 if max(map(abs, told)) < SMALL else 0
    measured, low, high = (number(value, digits) for value in told)
    return label(unlike.kind, measured=measured, low=low, high=high)


def place_label(region: str) -> str:
    """Look up the text of a defect's place, on the grid or on the clock's face."""
    place = place_of(region)
    if isinstance(place, ClockPlace):
        return t("words.clock_rim" if place.is_at_rim else "words.clock", hour=place.hour)
    return label(place)


def lack_label(lack: Lack) -> str:
    """Say what keeps a writer from running here."""
    return label(
        lack.kind,
        name=" / ".join(lack.names),
        needed=number(lack.needed_gb or 0, 1),
        free=number(lack.free_gb or 0, 1),
    )
