"""compare_versions: show what would change if another version judged, as a job."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from core.detection.checkpoints import Active
from core.domain import Job, Product
from core.services.jobs.task import Progress, Task
from core.services.station import Station
from core.services.version_comparison import VersionComparison, compare_versions


class CompareVersions(Task):
    """Compare a version with the one that judges; when resumed it starts again."""

    kind: ClassVar[str] = "compare_versions"

    product: str = Field(description="DATASET/CATEGORY")
    algorithm: str = Field(description="of the version that does not judge")
    version: str

    def run(self, station: Station, progress: Progress) -> VersionComparison:
        """Score known defects and judge the last lot with both.

        Raises:
            InspectionError: as `core.services.version_comparison.compare_versions`.
        """
        candidate = Active(algorithm=self.algorithm, version=self.version)
        product = station.product(self.product)
        return compare_versions(station, product, candidate, on_progress=progress)


def compare_later(station: Station, product: Product, candidate: Active, person: str) -> Job:
    """Queue a job that compares a version with the one that judges.

    Raises:
        JobError: if it cannot be queued.
    """
    task = CompareVersions(product=product.key, **candidate.model_dump())
    return station.jobs.submit(task, product.key, person)


def comparison_job(station: Station, candidate: Active) -> Job | None:
    """Find the newest job that compared, or compares, a version; None: there is none."""
    return station.jobs.latest(CompareVersions, "version", candidate.version)
