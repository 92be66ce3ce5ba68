"""The nouns of the system: frozen models that every other module speaks in.

Units: lengths in pixels of the inspected picture (after EXIF rotation), origin at the top left,
x to the right, y down; scores on the detector's own absolute scale; times in UTC.
"""

from core.domain.base import Frozen, percent
from core.domain.evidence import (
    FAR,
    Comparison,
    DefectTypeGuess,
    EvidenceChoice,
    Exemplar,
    Likeness,
    Snippet,
)
from core.domain.inspection import Inspection, InspectionSummary, Step
from core.domain.judgement import (
    MOST_MM_PER_PX,
    Box,
    Context,
    Defect,
    DetectorRef,
    FalseAlarmRate,
    ImageInfo,
    Judgement,
    Product,
    Scale,
    Severity,
    Verdict,
)
from core.domain.report import (
    REPORT_SCHEMA_VERSION,
    Disposition,
    DispositionEntry,
    Finding,
    Report,
    Revision,
    RevisionKind,
)

__all__ = [
    "FAR",
    "MOST_MM_PER_PX",
    "REPORT_SCHEMA_VERSION",
    "Box",
    "Comparison",
    "Context",
    "Defect",
    "DefectTypeGuess",
    "DetectorRef",
    "Disposition",
    "DispositionEntry",
    "EvidenceChoice",
    "Exemplar",
    "FalseAlarmRate",
    "Finding",
    "Frozen",
    "ImageInfo",
    "Inspection",
    "InspectionSummary",
    "Judgement",
    "Likeness",
    "Product",
    "Report",
    "Revision",
    "RevisionKind",
    "Scale",
    "Severity",
    "Snippet",
    "Step",
    "Verdict",
    "percent",
]
