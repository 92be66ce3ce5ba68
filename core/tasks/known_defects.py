"""score_defects: what the active version says of known defects, as a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from core.imaging.picture_files import pictures_at
from core.services.jobs.task import Progress, Task
from core.services.known_defects import score_known_defects
from core.services.station import Station
from core.tasks.pictures import KeptPicture


class ScoreDefects(Task):
    """Keep labelled pictures of bad parts and score every known defect that is not scored yet.

    Done again when it is resumed; what was scored before stays.
    """

    product: str = Field(description="DATASET/CATEGORY")
    pictures: tuple[KeptPicture, ...] = ()
    folder: Path | None = None
    by: str = Field("", description="who says that the parts are bad")

    def run(self, station: Station, progress: Progress) -> dict[str, Any]:
        """Score.

        Raises:
            InspectionError: as `core.services.known_defects.score_known_defects`.
        """
        pictures = [picture.file(station) for picture in self.pictures]
        if self.folder is not None:
            pictures += pictures_at([self.folder])
        done = score_known_defects(
            station, station.product(self.product), pictures, by=self.by, on_progress=progress
        )
        return {
            "product": self.product,
            "added": done.added,
            "scored": done.scored,
            "skipped": list(done.skipped),
        }
