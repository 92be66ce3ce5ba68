"""score_defects: score known defects with the active version, as a job."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from core.domain import Frozen, JobStep
from core.imaging.picture_files import pictures_at
from core.services.jobs.task import Progress, Task
from core.services.known_defects import score_known_defects
from core.services.station import Station
from core.tasks.pictures import KeptPicture


class ScoringResult(Frozen):
    """The numbers of known defects of a product that were added and scored."""

    product: str = Field(description="DATASET/CATEGORY")
    added: int
    scored: int
    skipped: tuple[str, ...] = Field(description="why pictures were left out, a sentence each")


class ScoreDefects(Task):
    """Store labelled pictures of bad parts, and score every known defect without a score.

    When resumed it starts again; existing scores stay.
    """

    kind: ClassVar[str] = "score_defects"

    product: str = Field(description="DATASET/CATEGORY")
    pictures: tuple[KeptPicture, ...] = ()
    folder: Path | None = None
    by: str = Field("", description="person who vouches that the parts are bad")

    def run(self, station: Station, progress: Progress) -> ScoringResult:
        """Score the defects.

        Raises:
            InspectionError: as `core.services.known_defects.score_known_defects`.
        """
        progress.plan((JobStep.KEEP_LABELLED, JobStep.SCORE_DEFECTS))
        pictures = [picture.file(station) for picture in self.pictures]
        if self.folder is not None:
            pictures += pictures_at([self.folder])
        done = score_known_defects(
            station, station.product(self.product), pictures, by=self.by, on_progress=progress
        )
        return ScoringResult(
            product=self.product, added=done.added, scored=done.scored, skipped=done.skipped
        )
