"""Teach a product, or add good pictures to one that was taught."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from core.detection.checkpoints import Card, active_version
from core.detection.registry import DEFAULT_DETECTOR
from core.domain import Frozen, Inspection, Job, JobStep, Product
from core.domain.errors import RecordsError
from core.domain.reading import UNSTATED, Reading
from core.imaging.picture_files import DEMO_PRODUCT_KEY, PictureFile, demo_normals, pictures_at
from core.services.jobs.task import Progress, Task
from core.services.relearning import add_normals
from core.services.station import Station
from core.services.teaching import FOLDS, teach
from core.tasks.pictures import KeptPicture
from core.tasks.version_comparison import compare_later

FOR_NEW_DETECTORS = {"detector", "options", "seed", "cross_fit", "mm_per_px", "reading"}


# What each detector does to learn, in its order.
FIT_STEPS = {
    "patchcore": (JobStep.SEE_PICTURES, JobStep.MEMORY_BANK),
    "anomalydino": (JobStep.SEE_PICTURES, JobStep.MEMORY_BANK),
    "winclip": (JobStep.READ_PROMPTS, JobStep.SEE_PICTURES),
    "efficientad": (
        JobStep.DISTIL,
        JobStep.TRAIN_STUDENT,
        JobStep.SOLVE_LAYER,
        JobStep.COMPARE_EXPORT,
    ),
}


class TeachingResult(Frozen):
    """The result of a teaching."""

    product: str = Field(description="DATASET/CATEGORY")
    algorithm: str
    version: str
    images: int = Field(description="number of normals that the version knows")
    held_out: int = Field(description="number of them that set its threshold")
    false_alarm: str = Field(description="the guarantee, in a sentence")
    skipped: tuple[str, ...] = Field(description="why pictures were left out, a sentence each")
    notices: tuple[str, ...] = Field(description="other notices, a sentence each")
    is_candidate: bool = Field(
        False, description="another version judges until a person activates this one"
    )

    @classmethod
    def of(cls, card: Card, *, is_candidate: bool) -> Self:
        """Read the result from a version's card."""
        return cls(
            product=card.product.key,
            algorithm=card.detector.algorithm,
            version=card.detector.version,
            images=len(card.images),
            held_out=card.held_out,
            false_alarm=card.facts["false alarms, by the policy when taught"],
            skipped=card.skipped,
            notices=card.notices,
            is_candidate=is_candidate,
        )


class Teach(Task):
    """Teach from stored pictures, from a folder of this machine, or from the demo's pictures.

    When resumed it starts again. The first version of a product judges at once; a later one is a
    candidate, and a job that compares it with the version that judges follows.
    """

    kind: ClassVar[str] = "teach"

    product: str = Field(DEMO_PRODUCT_KEY, description="DATASET/CATEGORY")
    pictures: tuple[KeptPicture, ...] = ()
    folder: Path | None = None
    demo: bool = Field(False, description="the demo product, from its 200 functional cells")
    add: bool = Field(False, description="add to what is taught, with its detector and options")
    detector: str = DEFAULT_DETECTOR
    options: dict[str, Any] = Field(default_factory=dict, description="of the detector")
    mm_per_px: float | None = Field(None, gt=0)
    seed: int = 0
    cross_fit: bool = False
    reading: Reading = Field(UNSTATED, description="what a person states of the pictures' values")
    confirmed: str = Field(
        "", description="with add: why pictures unlike everything taught show good parts"
    )

    @model_validator(mode="after")
    def _is_one_lesson(self) -> Self:
        if (bool(self.pictures), self.folder is not None, self.demo).count(True) != 1:
            raise self.refusal("give exactly one of pictures, folder and demo")
        if self.demo and self.product != DEMO_PRODUCT_KEY:
            raise self.refusal(f"the demo's pictures are of {DEMO_PRODUCT_KEY}")
        kept = self.model_fields_set & FOR_NEW_DETECTORS
        if self.add and kept:
            raise self.refusal(f"{', '.join(sorted(kept))} has no effect with add")
        if self.confirmed and not self.add:
            raise self.refusal("confirmed has no effect without add")
        return self

    def run(self, station: Station, progress: Progress) -> TeachingResult:
        """Teach a version.

        Raises:
            InspectionError: as `core.services.teaching.teach` and
                `core.services.relearning.add_normals`.
        """
        progress.plan(self._steps(station), FOLDS + 1 if self.cross_fit else 1)
        pictures = self._lesson(station)
        by = station.jobs.job(progress.job_id).who
        if self.add:
            product = station.product(self.product)
            card = add_normals(
                station,
                product,
                pictures,
                by=by,
                confirmed=self.confirmed,
                on_progress=progress,
            )
        else:
            product = Product.from_key(self.product, self.mm_per_px)
            card = teach(
                station,
                product,
                pictures,
                algorithm=self.detector,
                options=self.options,
                reading=self.reading,
                cross_fit=self.cross_fit,
                seed=self.seed,
                by=by,
                on_progress=progress,
            )
        is_candidate = active_version(station.settings, product) != card.version
        if is_candidate:
            compare_later(station, product, card.version, by)
        return TeachingResult.of(card, is_candidate=is_candidate)

    def _steps(self, station: Station) -> tuple[JobStep, ...]:
        """List the steps to come; of an algorithm that is not listed, those that all have."""
        algorithm = self.detector
        if self.add:
            algorithm = active_version(station.settings, Product.from_key(self.product)).algorithm
        return (
            JobStep.CHECK_PICTURES,
            *FIT_STEPS.get(algorithm, ()),
            JobStep.CALIBRATE,
            JobStep.TRY_VERSION,
            JobStep.DONE,
        )

    def _lesson(self, station: Station) -> list[PictureFile]:
        if self.demo:
            return demo_normals()
        if self.folder is not None:
            return pictures_at([self.folder])
        return [picture.file(station) for picture in self.pictures]


def learn_later(station: Station, inspection: Inspection, person: str, confirmed: str = "") -> Job:
    """Queue a job that makes a candidate which knows a false alarm as a normal.

    Args:
        station: whose jobs learn.
        inspection: that a person found good.
        person: who wants it learned.
        confirmed: why it is a good part, if it is unlike everything taught.

    Raises:
        RecordsError: if no person has found the part good.
        JobError: if the job cannot be queued.
    """
    decided = inspection.dispositions[-1].disposition if inspection.dispositions else None
    if decided is None or not decided.is_of_good_part:
        raise RecordsError(
            f"Only a part that a person found good can be learned as a normal; "
            f"{inspection.image.filename} is not. Record that it is a false alarm first."
        )
    image = inspection.image
    picture = KeptPicture(filename=image.filename, sha256=image.sha256)
    lesson = Teach(
        product=inspection.product.key, add=True, pictures=(picture,), confirmed=confirmed
    )
    return station.jobs.submit(lesson, f"{inspection.product.key}, {image.filename}", person)
