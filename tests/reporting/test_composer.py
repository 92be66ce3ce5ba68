from __future__ import annotations

import pytest

from core.domain import (
    Defect,
    DefectTypeGuess,
    Disposition,
    Evidence,
    Exemplar,
    Judgement,
    Likeness,
    Product,
    Severity,
    Snippet,
    Verdict,
)
from core.reporting.composer import compose
from tests.records import examples

MONO = Product(dataset="ELPV", category="mono")
DEFECTS = tuple(examples.defect(number) for number in range(1, 13))
EXEMPLAR = Exemplar(sha256="c" * 64, filename="good.png", similarity=0.9)


def composed(  # noqa: ANN201
    judgement: Judgement,
    defects: tuple[Defect, ...],
    exemplars: tuple[Exemplar, ...],
    snippets: tuple[Snippet, ...],
    guesses: tuple[DefectTypeGuess, ...] = (),
    *,
    likeness: Likeness | None = None,
):
    return compose(
        Evidence(
            product=MONO,
            judgement=judgement,
            defects=defects,
            exemplars=exemplars,
            likeness=likeness,
            snippets=snippets,
            defect_types=guesses,
        )
    )


def fail(defects: tuple[Defect, ...] = DEFECTS, snippets: tuple[Snippet, ...] = ()):  # noqa: ANN201
    return composed(examples.judgement(), defects, (EXEMPLAR,), snippets)


@pytest.mark.parametrize("count", [1, 5, 6, 12])
def test_every_defect_is_cited_once(count: int) -> None:
    report = fail(DEFECTS[:count], (examples.snippet(),))

    cited = [defect for finding in report.findings for defect in finding.defect_ids]
    assert cited == [f"D{number}" for number in range(1, count + 1)]


def test_same_evidence_same_words() -> None:
    assert fail(snippets=(examples.snippet(),)) == fail(snippets=(examples.snippet(),))


def test_a_cause_is_quoted_with_its_source_and_never_claimed() -> None:
    finding = fail(snippets=(examples.snippet(),)).findings[0]

    assert finding.hypotheses[0].cause == (
        "Not determined from the picture. Knowledge K-0123456789 names as common causes: "
        "Method: pressing."
    )
    assert finding.probable_defect_type.endswith("not confirmed.")
    assert finding.snippet_ids == ("K-0123456789",)


def test_a_peak_is_told_on_the_scale_of_the_map() -> None:
    judgement = examples.judgement().model_copy(update={"t_low": 4.0, "map_t_low": 0.5})

    report = composed(judgement, DEFECTS[:1], (), ())

    times = DEFECTS[0].peak / 0.5
    assert f"{times:.2f} times the map's review threshold" in report.findings[0].observation


def test_fitting_types_are_a_rank_and_no_fact() -> None:
    guesses = (
        examples.guess(defect_type="micro_crack", rank=2),
        examples.guess(defect_type="crack", rank=1),
        examples.guess(defect_id="D9", defect_type="stain"),
    )

    report = composed(examples.judgement(), DEFECTS[:2], (), (examples.snippet(),), guesses)

    assert report.findings[0].probable_defect_type == (
        "Candidates, the likeliest first: crack, micro crack; not confirmed."
    )
    assert report.findings[1].probable_defect_type.startswith("Candidate: crack (K-0123456789")
    assert "72" not in report.model_dump_json(), "no probability in the words"


def test_without_knowledge_nothing_is_made_up() -> None:
    report = fail()

    assert {
        hypothesis.cause for finding in report.findings for hypothesis in finding.hypotheses
    } == {"Not determined from the picture."}
    assert {finding.probable_defect_type for finding in report.findings} == {""}
    assert report.effect == ""
    assert "No knowledge entry" in report.recommended_action


def test_distant_knowledge_is_not_cited() -> None:
    far = examples.snippet().model_copy(update={"similarity": 0.05})

    assert fail(snippets=(far,)).findings[0].snippet_ids == ()


def test_knowledge_without_labels_is_cited_without_cause() -> None:
    plain = examples.snippet().model_copy(update={"text": "A crack runs through the cell."})

    assert "names no cause" in fail(snippets=(plain,)).findings[0].hypotheses[0].cause


@pytest.mark.parametrize(
    ("verdict", "score", "proposed", "words"),
    [
        (Verdict.PASS, 0.8, Disposition.USE_AS_IS, "No region of this ELPV/mono part reaches"),
        (Verdict.REVIEW, 1.2, Disposition.REINSPECT, "A person must decide"),
        (Verdict.FAIL, 1.9, None, "Hold the part"),
    ],
)
def test_verdicts(verdict: Verdict, score: float, proposed: Disposition | None, words: str) -> None:
    defects = () if verdict is Verdict.PASS else (examples.defect(1, Severity.MINOR),)

    report = composed(examples.judgement(verdict, score), defects, (), ())

    assert words in report.summary
    assert report.proposed_disposition is proposed
    assert bool(report.containment) is (verdict is not Verdict.PASS)
