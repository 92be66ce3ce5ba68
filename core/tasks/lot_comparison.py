"""Judge a past lot with two versions of a product's detectors."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from core.detection.checkpoints import Active
from core.records.search import Filter
from core.services.jobs.task import Progress, Task
from core.services.lot_comparison import STEP, LotComparison, compare_lot
from core.services.station import Station


class CompareLot(Task):
    """Compare two versions on a lot; when resumed it starts again. The records stay unchanged."""

    kind: ClassVar[str] = "compare_lot"

    filter: Filter = Field(description="inspections of one product")
    versions: tuple[Active, Active]

    def run(self, station: Station, progress: Progress) -> LotComparison:
        """Judge all inspections with both versions.

        Raises:
            InspectionError: as `core.services.lot_comparison.compare_lot`.
        """
        return compare_lot(
            station,
            self.filter,
            self.versions,
            on_part=lambda done, total: progress(STEP, done, total),
        )
