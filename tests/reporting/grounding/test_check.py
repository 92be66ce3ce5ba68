"""What holds for every report: sentences that are there, no failure, quick on long texts."""

from __future__ import annotations

import random
import time

import pytest

from core.domain import (
    CauseClass,
    Disposition,
    Evidence,
    Finding,
    Hypothesis,
    Report,
    Rule,
    Severity,
    Verdict,
)
from core.reporting.composer import compose
from core.reporting.grounding import check
from core.reporting.grounding.place_words import place_words
from core.reporting.grounding.quotes import Quotable
from core.reporting.grounding.sentences import MOST_SENTENCE_LETTERS, split
from tests.records import examples
from tests.reporting.grounding.free_texts import free_texts
from tests.reporting.grounding.generated import cases
from tests.reporting.grounding.scenes import scenes

CELL = scenes()["cell"]
ALPHABET = (
    "D1 K-12ab .,;:!?\"'“”„<>&#*_[](){}|\\/%²°×0123456789\n\t상단왼쪽 "
    "topleft FAILpass oben 🔥漢字е́\x00¦ſıİK٣०"
)
LONG = 600_000


def text_at(report: Report, place: str) -> object:
    found: object = report.model_dump(mode="json")
    for part in place.split("."):
        found = found[int(part)] if part.isdigit() else found[part]  # ty: ignore
    return found


@pytest.mark.parametrize("text", free_texts(), ids=lambda text: text.name)
def test_a_remark_points_at_words_of_its_field(text) -> None:  # noqa: ANN001
    faulty = text.report.model_copy(
        update={"summary": f"{text.report.summary} D77, 5 % at the top. It passes. Caused by rust."}
    )
    remarks = check(faulty, text.evidence)

    assert {Rule.KNOWN_ID, Rule.OWN_HYPOTHESIS} <= {remark.rule for remark in remarks}
    for remark in remarks:
        field = text_at(faulty, remark.place)
        if remark.sentence:
            assert remark.sentence in str(field)


def test_the_same_remarks_every_time() -> None:
    case = next(case for case in cases() if len(case.evidence.defects) > 3)
    report = case.report.model_copy(update={"summary": "D9 passes at the top, 5 % and 77 px."})

    assert check(report, case.evidence) == check(report, case.evidence)
    assert len(set(check(report, case.evidence))) == len(check(report, case.evidence))


def test_sentences_are_not_broken_at_decimals_ids_and_abbreviations() -> None:
    text = (
        "Score 0.5, e.g. low, i.e. approx. 3 px (z. B. D1). See K-0123456789. 1. Hold it. "
        'It says "so." Dr. Kim left.\nNew line'
    )

    assert split(text) == [
        "Score 0.5, e.g. low, i.e. approx. 3 px (z. B. D1).",
        "See K-0123456789.",
        "1. Hold it.",
        'It says "so."',
        "Dr.",
        "Kim left.",
        "New line",
    ]


def test_quoted_knowledge_is_no_statement_about_the_part() -> None:
    quotable = Quotable(CELL.snippets)
    text = "It says: terminal, often straight and diagonal because monocrystalline wafers, D1 left."

    blank = quotable.blank(text, CELL.snippets)

    assert len(blank) == len(text)
    assert "straight" not in blank
    assert blank.startswith("It says: terminal, ")
    assert blank.endswith(", D1 left.")


@pytest.mark.parametrize("region", ["top left", "bottom", "centre", "3 o'clock", "12 o'clock, rim"])
@pytest.mark.parametrize(
    ("words", "fitting"),
    [
        ("at the top left", {"top left"}),
        ("oben", {"top left", "12 o'clock, rim"}),
        ("중앙", {"centre"}),
        ("on the right side", {"3 o'clock"}),
        ("at the bottom", {"bottom"}),
    ],
)
def test_places_and_regions(words: str, fitting: set[str], region: str) -> None:
    (place,) = place_words(words)

    assert place.fits(region) is (region in fitting)


def test_proposals_are_held_to_the_verdict() -> None:
    report = compose(CELL)
    passed = scenes()["capsule"]

    def rules(report: Report, evidence: Evidence) -> set[Rule]:
        return {remark.rule for remark in check(report, evidence)}

    use = report.model_copy(update={"proposed_disposition": Disposition.USE_AS_IS})
    void = report.model_copy(update={"proposed_disposition": Disposition.VOID})
    scrap = compose(passed).model_copy(update={"proposed_disposition": Disposition.SCRAP})
    graded = compose(passed).model_copy(update={"proposed_severity": Severity.MINOR})
    assert rules(use, CELL) == {Rule.VERDICT}
    assert rules(void, CELL) == set()
    assert rules(scrap, passed) == {Rule.VERDICT}
    assert rules(graded, passed) == {Rule.SEVERITY}


def test_an_own_hypothesis_is_marked_and_no_violation() -> None:
    own = Hypothesis(cause="A lightning strike.", cause_class=CauseClass.ENVIRONMENT)
    unknown = Hypothesis(cause="Not determined from the picture.")
    finding = Finding(defect_ids=("D1", "D2"), observation="", hypotheses=(own, unknown))
    report = Report(summary="", findings=(finding,), proposed_severity=Severity.CRITICAL)

    (remark,) = check(report, CELL)

    assert remark.rule is Rule.OWN_HYPOTHESIS
    assert remark.place == "findings.0.hypotheses.0.cause"
    assert not remark.is_violation


def test_a_pass_without_defects_needs_no_finding() -> None:
    assert check(Report(summary=""), scenes()["capsule"]) == ()


def test_the_examples_of_other_tests_are_clean() -> None:
    inspection = examples.inspection()

    assert check(compose(inspection.evidence), inspection.evidence) == ()


@pytest.mark.parametrize("seed", range(60))
def test_no_text_makes_it_fail(seed: int) -> None:
    rng = random.Random(seed)
    case = rng.choice(cases())

    def noise() -> str:
        letters = [rng.choice((*ALPHABET, chr(rng.randrange(1, 0xD7FF)))) for _ in range(400)]
        words = rng.choice(free_texts()).report.summary.split()
        rng.shuffle(words)
        # Letters and digits that a pattern may take for others.
        alike = str.maketrans(
            rng.choice(({}, {"s": "ſ", "i": "İ", "k": "K"}, {"3": "٣", "1": "०1"}))
        )
        return "".join(letters) + " ".join(words).translate(alike)

    ids = tuple(rng.choice(("D1", "D1", "", "K-1", "🔥", "D" * 50)) for _ in range(3))
    hypothesis = Hypothesis(cause=noise(), snippet_ids=ids)
    finding = Finding(
        defect_ids=ids,
        observation=noise(),
        probable_defect_type=noise(),
        snippet_ids=ids,
        hypotheses=(hypothesis,),
    )
    report = Report(
        summary=noise(),
        findings=(finding,),
        not_assessed=ids,
        effect=noise(),
        containment=noise(),
        recommended_action=noise(),
        open_questions=(noise(),),
    )

    for remark in check(report, case.evidence):
        assert remark.sentence in str(text_at(report, remark.place))


@pytest.mark.parametrize(
    "unit",
    ["word ", "x", "1", ".", '"', "1,234,", "a. ", "\n", " ", "(", "D1 and D2, ", "1.5 and 45 px, ",
     "왼쪽 위 결함 3개 ", "minor crack, critical ", "between review threshold ", "score of of is "],
)  # fmt: skip
def test_reading_takes_time_in_step_with_length(unit: str) -> None:
    """A text of 200 pages is read; ten times the text takes no hundred times as long."""
    case = next(c for c in cases() if c.evidence.judgement.verdict is Verdict.FAIL)

    def seconds(length: int) -> float:
        # No field of a report can be so long; the check does not lean on that.
        report = case.report.model_copy(update={"summary": (unit * length)[:length]})
        start = time.process_time()
        check(report, case.evidence)
        return time.process_time() - start

    assert all(len(piece) <= MOST_SENTENCE_LETTERS for piece in split((unit * LONG)[:LONG]))
    assert seconds(LONG // 10) < 0.5 + 30 * seconds(LONG // 100)
