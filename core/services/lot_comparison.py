"""Two detectors over the parts of a past lot: who would have stopped what, and who was right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from pydantic import Field

from core.detection.checkpoints import Active, Taught, load_version
from core.domain import Disposition, Frozen, Inspection, JobStep, Verdict
from core.domain.errors import EvaluationError, ImageError, RecordsError
from core.domain.reading import Reading
from core.records.audits import require_unsealed
from core.records.inspections import load_inspection
from core.records.search import Filter, ids
from core.services.decoded_pictures import DecodedPictures
from core.services.station import Station
from core.statistics.intervals import Rate, exact_rate

# Both judge each picture anew: more of them take hours, and no table is the clearer for it.
MOST_PARTS = 5000
STEP = JobStep.JUDGE_BY_BOTH

# Called with how many parts are judged, of how many.
OnPart = Callable[[int, int], object]


class ComparedPart(Frozen):
    """One inspected part, and what each of the two detectors says of it today."""

    inspection_id: str
    filename: str
    sha256: str
    reading: Reading = Field(Reading(), description="that its picture was inspected with")
    then: Verdict = Field(description="the machine's verdict on record")
    disposition: Disposition | None = Field(description="the newest one of a person; None: open")
    scores: tuple[float, float]
    verdicts: tuple[Verdict, Verdict]

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return self.verdicts[0] is self.verdicts[1]

    @property
    def is_good(self) -> bool | None:
        """What the person found; None: nothing yet, or left open."""
        return None if self.disposition is None else self.disposition.is_of_good_part


class SkippedPart(Frozen):
    """A part whose picture cannot be judged any more, and why."""

    inspection_id: str
    filename: str
    sentence: str


class Standing(Frozen):
    """How one detector does on the parts that a person decided. A rate is None without a case.

    Parts are decided because a machine stopped them, or an audit drew them: the rates are of these
    parts, and no estimate for all that the line makes.
    """

    escapes: Rate | None = Field(description="found bad by a person, and passed")
    overkills: Rate | None = Field(description="found good by a person, and rejected (FAIL)")
    stopped: Rate | None = Field(description="found good by a person, and stopped (FAIL, REVIEW)")


class LotComparison(Frozen):
    """What came of it."""

    product_key: str
    versions: tuple[Active, Active]
    seen_in_teaching: tuple[int, int] = Field(
        description="parts whose picture each was taught or calibrated with: no test for it"
    )
    parts: tuple[ComparedPart, ...] = Field(description="the newest first")
    skipped: tuple[SkippedPart, ...]

    def counts(self) -> dict[tuple[Verdict, Verdict], int]:
        """Count the parts that have each pair of verdicts."""
        found = Counter(part.verdicts for part in self.parts)
        return {(one, other): found[one, other] for one in Verdict for other in Verdict}

    def disagreements(self) -> tuple[ComparedPart, ...]:
        """List the parts on which they differ, those with the widest difference first."""
        ranks = list(Verdict)
        differing = [part for part in self.parts if not part.agrees]

        def distance(part: ComparedPart) -> int:
            one, other = part.verdicts
            return abs(ranks.index(one) - ranks.index(other))

        return tuple(sorted(differing, key=distance, reverse=True))

    def standing(self, position: int) -> Standing:
        """Count how the first (0) or second (1) detector does on what persons decided."""
        good = [part.verdicts[position] for part in self.parts if part.is_good is True]
        bad = [part.verdicts[position] for part in self.parts if part.is_good is False]
        return Standing(
            escapes=exact_rate(bad.count(Verdict.PASS), len(bad)),
            overkills=exact_rate(good.count(Verdict.FAIL), len(good)),
            stopped=exact_rate(len(good) - good.count(Verdict.PASS), len(good)),
        )


def compare_lot(
    station: Station,
    filter: Filter,
    versions: tuple[Active, Active],
    *,
    on_part: OnPart = lambda done, total: None,
) -> LotComparison:
    """Have both versions judge each stored picture that a filter means, by today's policy.

    Nothing that is on record changes. A picture that is lost or altered is skipped and named, and
    so is a part whose finding is sealed for an audit.

    Args:
        station: records and pictures.
        filter: of one product.
        versions: that the product has.
        on_part: called before each part.

    Raises:
        EvaluationError: if the filter means no part or too many, or names no product, or both
            versions are the same.
        ProductError, CheckpointError, WeightsError: if a version cannot be loaded.
    """
    meant = _meant(station, filter, versions)
    product = station.product(filter.product_key or "")
    first, second = (load_version(station.settings, product, version) for version in versions)
    return compare_parts(station, meant, (first, second), on_part=on_part)


def compare_parts(
    station: Station,
    inspection_ids: Sequence[str],
    detectors: tuple[Taught, Taught],
    *,
    on_part: OnPart = lambda done, total: None,
) -> LotComparison:
    """Have both detectors of a product judge the stored pictures of inspections.

    What cannot be judged, is sealed or was inspected in error is skipped and named.
    """
    parts: list[ComparedPart] = []
    skipped: list[SkippedPart] = []
    for done, inspection_id in enumerate(inspection_ids):
        on_part(done, len(inspection_ids))
        inspection = load_inspection(station.records, inspection_id)
        try:
            parts.append(_part(station, inspection, detectors))
        except (ImageError, RecordsError) as error:
            skipped.append(
                SkippedPart(
                    inspection_id=inspection_id,
                    filename=inspection.image.filename,
                    sentence=str(error),
                )
            )
    first, second = detectors
    return LotComparison(
        product_key=first.card.product.key,
        versions=(first.card.version, second.card.version),
        seen_in_teaching=(_seen(first, parts), _seen(second, parts)),
        parts=tuple(parts),
        skipped=tuple(skipped),
    )


def _meant(station: Station, filter: Filter, versions: tuple[Active, Active]) -> tuple[str, ...]:
    """List the ids of the inspections that are judged again."""
    if filter.product_key is None:
        raise EvaluationError("Choose the product whose detectors are to be compared.")
    if versions[0] == versions[1]:
        raise EvaluationError("Both are the same version: choose two that differ.")
    meant = ids(station.records, filter)
    if not meant:
        raise EvaluationError(
            f"No inspection of {filter.product_key} is meant. Choose another lot or other days."
        )
    if len(meant) > MOST_PARTS:
        raise EvaluationError(
            f"{len(meant)} inspections are meant, and at most {MOST_PARTS} are judged again at a "
            "time. Choose a lot or fewer days."
        )
    return meant


def _part(
    station: Station, inspection: Inspection, detectors: tuple[Taught, Taught]
) -> ComparedPart:
    require_unsealed(station.records, inspection.id)
    decided = inspection.dispositions[-1] if inspection.dispositions else None
    if decided is not None and decided.disposition is Disposition.IN_ERROR:
        raise RecordsError(f"It was inspected in error: {decided.reason}.")
    image, decoded = inspection.image, DecodedPictures(station)
    first, second = (
        station.assess(
            taught, decoded.pixels(image.sha256, image.filename, taught.card.reading)
        ).judgement
        for taught in detectors
    )
    return ComparedPart(
        inspection_id=inspection.id,
        filename=image.filename,
        sha256=image.sha256,
        reading=image.reading,
        then=inspection.judgement.verdict,
        disposition=decided and decided.disposition,
        scores=(first.score, second.score),
        verdicts=(first.verdict, second.verdict),
    )


def _seen(taught: Taught, parts: Sequence[ComparedPart]) -> int:
    known = {image.sha256 for image in taught.card.images}
    return sum(part.sha256 in known for part in parts)
