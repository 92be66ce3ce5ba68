"""The condition of a station: checks with their findings, weights, writers, detectors, sizes."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, Field

from core.domain import FalseAlarmRate, Frozen, Job
from core.records.health import Trouble
from core.reporting.lacks import Lack

if TYPE_CHECKING:
    pass


class CheckName(StrEnum):
    """The subject of a check."""

    PACKAGES = "packages"
    RECORDS = "records"
    DISK = "disk"
    BACKBONE = "backbone"
    EXEMPLARS = "exemplars"
    KNOWLEDGE = "knowledge"
    WRITER = "report writer"
    DETECTORS = "detectors"


class CheckStatus(StrEnum):
    """The result of a check; missing: needed, but absent or not working."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"


class Finding(StrEnum):
    """What a check found."""

    INSTALLED = "installed"
    NOT_INSTALLED = "not installed"
    RECORDS_WORK = "records work"
    DISK_FREE = "disk free"
    DISK_SHORT = "disk short"
    CAN_TEACH = "can teach"
    CANNOT_TEACH = "cannot teach"
    COMPARES = "compares"
    FINDS_KNOWLEDGE = "finds knowledge"
    WRITES = "writes"
    WRITER_LACKS = "writer lacks"
    NO_DETECTOR = "no detector"
    DETECTORS = "detectors"
    SAID = "said"


class NetworkKind(StrEnum):
    """The purpose of a network."""

    BACKBONE = "backbone"
    SENTENCE_ENCODER = "sentence encoder"


class Check(Frozen):
    """One check and its result."""

    name: CheckName
    status: CheckStatus
    finding: Finding = Field(Finding.SAID, description="SAID: only the sentence tells")
    subject: str = Field("", description="of packages, a folder, a network, a writer, products")
    count: int = Field(0, description="of packages or inspections")
    free_gib: float = Field(0, description="of disk")
    lacks: tuple[Lack, ...] = Field((), description="of the writer")
    sentence: str = Field(description="in English")


class FoundWeights(Frozen):
    """A network, and whether its weights are on this machine."""

    name: str
    kind: NetworkKind
    at_hand: bool


class WriterHealth(Frozen):
    """A report writer, and what it lacks to run here."""

    key: str
    title: str
    missing: tuple[Lack, ...]


class DetectorHealth(Frozen):
    """The active detector of a product."""

    product: str
    algorithm: str = ""
    version: str = ""
    false_alarm: str = Field("", description="what its thresholds guarantee, as a sentence")
    guarantee: FalseAlarmRate | None = Field(None, description="the same in figures")
    problem: str = Field("", description="why it cannot judge; empty: no problem is known")


class FilesSize(Frozen):
    """Size of the file store."""

    files: int
    bytes: int
    is_estimate: bool = Field(description="extrapolated from some of its folders")


class Health(Frozen):
    """Condition of a station."""

    checked_at: AwareDatetime
    program_version: str
    checks: tuple[Check, ...]
    versions: dict[str, str | None] = Field(description="of packages; None: not installed")
    schema_known: int = Field(description="migrations of the records that this program knows")
    schema_found: int | None = Field(
        description="migrations applied; None: the records could not be opened"
    )
    weights: tuple[FoundWeights, ...]
    writers: tuple[WriterHealth, ...] = Field(description="those that can run first")
    detectors: tuple[DetectorHealth, ...]
    disk_free_bytes: int
    disk_bytes: int
    records_bytes: int
    files: FilesSize
    jobs: tuple[Job, ...] = Field(description="running and waiting")
    troubles: tuple[Trouble, ...] = Field(description="the newest first")

    @property
    def is_well(self) -> bool:
        """Whether everything needed is there."""
        return all(check.status is not CheckStatus.MISSING for check in self.checks)
