"""A past lot judged by two versions: real cells, two lessons, and what persons decided."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.detection.checkpoints import Active, versions
from core.domain import (
    Context,
    Disposition,
    EvidenceChoice,
    InspectionRequest,
    JobState,
    Product,
    Verdict,
)
from core.domain.errors import EvaluationError
from core.imaging.picture_files import PictureFile, demo_normals, demo_unseen_normals
from core.records.dispositions import add_disposition
from core.records.inspections import load_inspection
from core.records.search import Filter, search
from core.services.inspection import inspect
from core.services.lot_comparison import ComparedPart, LotComparison, Standing, compare_lot
from core.services.relearning import add_normals
from core.services.station import Station
from core.services.teaching import teach
from core.tasks.registry import task_of
from tests.services.jobs.waiting import ended, nobody_judges

PRODUCT = Product(dataset="ELPV", category="mono")
LOT = Filter(product_key=PRODUCT.key, lot="L-1")
BARE = EvidenceChoice(exemplars=False, knowledge=False)
OLD = Active(algorithm="patchcore", version="1")
NEW = Active(algorithm="patchcore", version="2")


def part(one: Verdict, other: Verdict, disposition: Disposition | None = None) -> ComparedPart:
    return ComparedPart(
        inspection_id="I",
        filename="a.png",
        sha256="0" * 64,
        then=one,
        disposition=disposition,
        scores=(1.0, 2.0),
        verdicts=(one, other),
    )


def comparison(*parts: ComparedPart) -> LotComparison:
    return LotComparison(
        product_key=PRODUCT.key,
        versions=(OLD, NEW),
        seen_in_teaching=(0, 0),
        parts=parts,
        skipped=(),
    )


def counts(standing: Standing) -> list[tuple[int, int] | None]:
    rates = (standing.escapes, standing.overkills, standing.stopped)
    return [None if rate is None else (rate.count, rate.out_of) for rate in rates]


def test_a_lot_is_judged_by_both_and_the_records_stay(
    station: Station, defective_cells: list[PictureFile]
) -> None:
    teach(station, PRODUCT, demo_normals()[:60])
    void, bad = defective_cells[:2]
    pictures = [void, bad, *demo_unseen_normals()[:3]]
    seen = [
        inspect(
            station,
            InspectionRequest(product=PRODUCT, context=Context(lot="L-1"), evidence=BARE),
            each,
        )
        for each in pictures
    ]
    inspect(
        station, InspectionRequest(product=PRODUCT, context=Context(lot="L-2"), evidence=BARE), void
    )
    add_disposition(station.records, seen[0].id, Disposition.VOID, "a shadow", "Ana")
    add_normals(station, PRODUCT, [void], by="Ana", confirmed="a shadow")
    newer, older = versions(station.settings, PRODUCT)
    told: list[tuple[int, int]] = []

    compared = compare_lot(
        station, LOT, (older, newer), on_part=lambda done, total: told.append((done, total))
    )

    assert [each.inspection_id for each in compared.parts] == [each.id for each in reversed(seen)]
    assert told == [(done, 5) for done in range(5)]
    by_id = {each.inspection_id: each for each in compared.parts}
    learned = by_id[seen[0].id]
    assert learned.scores[0] == pytest.approx(seen[0].judgement.score)
    assert learned.verdicts[0] is seen[0].judgement.verdict
    assert learned.scores[1] < 0.8 * learned.scores[0]
    assert (learned.disposition, learned.is_good) == (Disposition.VOID, True)
    # The second learned that very picture: for it, that is no test.
    assert compared.seen_in_teaching == (0, 1)
    assert sum(compared.counts().values()) == 5
    assert load_inspection(station.records, seen[0].id).judgement == seen[0].judgement


def test_a_lost_picture_is_named_and_the_rest_is_judged_by_a_job(
    station: Station, defective_cells: list[PictureFile]
) -> None:
    teach(station, PRODUCT, demo_normals()[:20])
    teach(station, PRODUCT, demo_normals()[:21])
    lost, kept = (
        inspect(
            station,
            InspectionRequest(product=PRODUCT, context=Context(lot="L-1"), evidence=BARE),
            each,
        )
        for each in defective_cells[:2]
    )
    (station.files.root / lost.image.sha256[:2] / lost.image.sha256).unlink()
    newer, older = versions(station.settings, PRODUCT)
    arguments = {
        "filter": LOT.model_dump(mode="json"),
        "versions": [older.model_dump(), newer.model_dump()],
    }

    job = ended(station, station.jobs.submit(task_of("compare_lot", arguments), "Lot L-1").id)

    assert (job.state, job.error) == (JobState.DONE, "")
    compared = LotComparison.model_validate(job.result)
    assert [each.inspection_id for each in compared.parts] == [kept.id]
    assert [each.inspection_id for each in compared.skipped] == [lost.id]
    assert lost.image.sha256[:16] in compared.skipped[0].sentence


def test_a_comparison_waits_its_turn(station: Station, defective_cells: list[PictureFile]) -> None:
    for count in (20, 21):
        teach(station, PRODUCT, demo_normals()[:count])
    request = InspectionRequest(product=PRODUCT, context=Context(lot="L-1"), evidence=BARE)
    inspect(station, request, defective_cells[0])
    newer, older = versions(station.settings, PRODUCT)
    with ThreadPoolExecutor(1) as pool:
        with nobody_judges(station):
            comparing = pool.submit(compare_lot, station, LOT, (older, newer))
            with pytest.raises(TimeoutError):
                comparing.result(timeout=2)

        assert len(comparing.result().parts) == 1


def test_what_persons_decided_says_who_was_right() -> None:
    compared = comparison(
        part(Verdict.FAIL, Verdict.PASS, Disposition.SCRAP),
        part(Verdict.FAIL, Verdict.FAIL, Disposition.REWORK),
        part(Verdict.REVIEW, Verdict.PASS, Disposition.USE_AS_IS),
        part(Verdict.FAIL, Verdict.PASS, Disposition.VOID),
        part(Verdict.FAIL, Verdict.PASS, Disposition.REINSPECT),
        part(Verdict.PASS, Verdict.PASS),
    )

    first, second = compared.standing(0), compared.standing(1)

    assert counts(first) == [(0, 2), (1, 2), (2, 2)]
    assert counts(second) == [(1, 2), (0, 2), (0, 2)]
    assert comparison(part(Verdict.PASS, Verdict.PASS)).standing(0).escapes is None


def test_the_widest_disagreement_comes_first() -> None:
    compared = comparison(
        part(Verdict.PASS, Verdict.PASS),
        part(Verdict.PASS, Verdict.REVIEW),
        part(Verdict.FAIL, Verdict.PASS),
    )

    assert [each.verdicts for each in compared.disagreements()] == [
        (Verdict.FAIL, Verdict.PASS),
        (Verdict.PASS, Verdict.REVIEW),
    ]
    assert compared.counts()[Verdict.FAIL, Verdict.PASS] == 1


@pytest.mark.parametrize(
    ("filter", "pair", "sentence"),
    [
        (Filter(lot="L-1"), (OLD, NEW), "Choose the product"),
        (LOT, (OLD, OLD), "same version"),
        (LOT, (OLD, NEW), "No inspection of ELPV/mono is meant"),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(
    station: Station, filter: Filter, pair: tuple[Active, Active], sentence: str
) -> None:
    with pytest.raises(EvaluationError, match=sentence):
        compare_lot(station, filter, pair)


def test_too_many_are_a_sentence(station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.evaluation.benchmarks.generated_records import generate
    from core.services import lot_comparison

    generate(station.records, 200, 0)
    monkeypatch.setattr(lot_comparison, "MOST_PARTS", 20)
    key = search(station.records, limit=1)[0].product_key

    with pytest.raises(EvaluationError, match="at most 20 are judged again"):
        compare_lot(station, Filter(product_key=key), (OLD, NEW))
