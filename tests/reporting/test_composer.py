from __future__ import annotations

import re

import pytest

from core.domain import (
    CauseClass,
    Defect,
    DefectTypeGuess,
    Disposition,
    Evidence,
    Exemplar,
    FalseAlarmRate,
    Hypothesis,
    Judgement,
    Language,
    Likeness,
    Product,
    Report,
    Severity,
    Snippet,
    Verdict,
)
from core.reporting.answers import FULL, read_answer
from core.reporting.composer import compose, worst
from core.reporting.knowledge_labels import cut, labelled_causes
from core.reporting.phrases import phrases
from tests.records import examples
from tests.reporting.grounding import scenes

MONO = Product(dataset="ELPV", category="mono")
PLACEHOLDER = re.compile(r"\{(\w+)\}")
DEFECTS = tuple(examples.defect(number) for number in range(1, 13))
EXEMPLAR = Exemplar(sha256="c" * 64, filename="good.png", similarity=0.9)


def composed(
    judgement: Judgement,
    defects: tuple[Defect, ...],
    exemplars: tuple[Exemplar, ...],
    snippets: tuple[Snippet, ...],
    guesses: tuple[DefectTypeGuess, ...] = (),
    *,
    likeness: Likeness | None = None,
    language: Language = Language.ENGLISH,
) -> Report:
    return compose(
        Evidence(
            product=MONO,
            judgement=judgement,
            defects=defects,
            exemplars=exemplars,
            likeness=likeness,
            snippets=snippets,
            defect_types=guesses,
        ),
        language,
    )


def fail(defects: tuple[Defect, ...] = DEFECTS, snippets: tuple[Snippet, ...] = ()) -> Report:
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

    assert finding.hypotheses == (
        Hypothesis(
            cause="Not determined from the picture. Knowledge K-0123456789 names as a possible "
            'cause: "pressing".',
            cause_class=CauseClass.METHOD,
            snippet_ids=("K-0123456789",),
        ),
    )
    assert finding.probable_defect_type.endswith("not confirmed.")
    assert finding.snippet_ids == ("K-0123456789",)


def test_each_labelled_cause_is_a_hypothesis_of_its_class() -> None:
    report = fail(snippets=(scenes.snippet("ELPV/mono", "crack"),))

    first, second = report.findings[:2]
    assert [hypothesis.cause_class for hypothesis in first.hypotheses] == [
        CauseClass.MACHINE,
        CauseClass.MAN,
        CauseClass.METHOD,
        CauseClass.ENVIRONMENT,
    ]
    assert "stringer or laminator pressing unevenly" in first.hypotheses[0].cause
    assert sum("Not determined" in hypothesis.cause for hypothesis in first.hypotheses) == 1
    assert [hypothesis.cause_class for hypothesis in second.hypotheses] == [None]
    assert "see D1" in second.hypotheses[0].cause


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


def test_a_type_that_nobody_confirmed_is_no_ground_for_high_confidence() -> None:
    passed = examples.judgement(Verdict.PASS, 0.7).model_copy(update={"percentile": 50})

    report = fail(snippets=(examples.snippet().model_copy(update={"matched_by": "defect type"}),))

    assert "not confirmed" in report.findings[0].probable_defect_type
    assert report.confidence == "medium"
    assert composed(passed, (), (), ()).confidence == "high"


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
        (Verdict.PASS, 0.8, Disposition.ACCEPTED, "No region of this ELPV/mono part reaches"),
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


@pytest.mark.parametrize("language", Language)
def test_every_language_has_every_phrase_with_the_same_places_for_figures(
    language: Language,
) -> None:
    english, other = phrases(Language.ENGLISH), phrases(language)

    for section in ("text", "severity", "region"):
        wanted, own = getattr(english, section), getattr(other, section)
        assert list(own) == list(wanted)
        for key, phrase in wanted.items():
            assert sorted(set(PLACEHOLDER.findall(own[key]))) == sorted(
                set(PLACEHOLDER.findall(phrase))
            ), key
            assert own[key].strip()


def test_the_english_phrases_say_what_the_screens_say() -> None:
    words = phrases(Language.ENGLISH)
    rate = examples.judgement().false_alarm
    short = FalseAlarmRate(requested=0.01, confidence=0.95, held_out=20, guaranteed=0.1391)
    estimate = short.model_copy(update={"is_estimate": True})
    for known in (rate, short, estimate):
        assert words.false_alarm(known) == known.sentence()
    for farther in (1.0, 0.994):
        likeness = Likeness(nearest=0.5, farther_than=farther, normals=300)
        assert words.far(likeness) == likeness.sentence()


@pytest.mark.parametrize(
    ("language", "region", "words"),
    [
        (Language.ENGLISH, "top left", "lies at the top left."),
        (Language.GERMAN, "centre", "liegt in der Mitte."),
        (Language.KOREAN, "bottom right", "위치: 오른쪽 아래"),
        (Language.ENGLISH, "3 o'clock, rim", "lies at 3 o'clock, at the rim."),
        (Language.GERMAN, "12 o'clock", "liegt bei 12 Uhr."),
        (Language.KOREAN, "9 o'clock, rim", "위치: 9시 방향 가장자리"),
    ],
)
def test_places_in_the_reports_language(language: Language, region: str, words: str) -> None:
    defect = examples.defect().model_copy(update={"region": region})

    report = composed(examples.judgement(), (defect,), (), (), language=language)

    assert words in report.summary
    assert report.language is language


@pytest.mark.parametrize("language", Language)
def test_knowledge_is_quoted_in_its_own_language(language: Language) -> None:
    snippet = scenes.snippet("ELPV/mono", "crack")

    report = composed(examples.judgement(), DEFECTS[:1], (), (snippet,), language=language)

    quoted = [report.effect, report.recommended_action]
    quoted += [hypothesis.cause for hypothesis in report.findings[0].hypotheses]
    for text in quoted:
        found = re.search('["“„](.+)["”“]', text)
        assert found, text
        assert found[1] in snippet.text
        assert snippet.id in text


LONG = "Appearance: long. Common causes: " + "; ".join(
    f"{name.title()}: {'a very long cause ' * 60}{number}" for number, name in enumerate(CauseClass)
)
LONG += f". Effect: {'current is lost ' * 200}. Recommended action: {'hold it ' * 300}."


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("text", [LONG, LONG.replace("; M", "; Method: one more; M"), "가" * 9000])
def test_a_report_keeps_the_bounds_that_models_are_held_to(language: Language, text: str) -> None:
    snippets = tuple(
        examples.snippet().model_copy(
            update={
                "id": f"K-{number:010d}",
                "text": text,
                "defect_type": "type_" * 100,
                "dataset": "d" * 64,
                "category": "c" * 64,
                "matched_by": "any",
            }
        )
        for number in range(9)
    )
    guesses = tuple(examples.guess(defect_type="long_name_" * 9, rank=rank) for rank in range(1, 9))
    product = Product(dataset="d" * 64, category="c" * 64)
    defects = tuple(
        examples.defect(number).model_copy(update={"area_mm2": None}) for number in range(1, 60)
    )
    evidence = Evidence(
        product=product,
        judgement=examples.judgement(),
        defects=defects,
        snippets=snippets,
        defect_types=guesses,
        likeness=Likeness(nearest=0.1, farther_than=1, normals=10_000),
    )

    for used in (evidence, evidence.model_copy(update={"defects": (), "snippets": ()})):
        if not used.defects:
            used = used.model_copy(update={"judgement": examples.judgement(Verdict.PASS, 0.5)})
        report = compose(used, language)
        answer = report.model_dump_json(exclude={"schema_version", "language"})
        assert read_answer(answer, FULL, language) == report


def test_a_quote_is_cut_at_a_word() -> None:
    assert cut("one two three four", 13) == "one two ..."
    assert cut("one two", 7) == "one two"
    assert cut("가" * 20, 10) == "가" * 6 + " ..."


def test_causes_of_an_entry_with_their_classes() -> None:
    assert labelled_causes("Common causes: Machine: a; b; Man (handling): c. Effect: d.") == (
        (CauseClass.MACHINE, "a; b"),
        (CauseClass.MAN, "c"),
    )
    assert labelled_causes("Common causes: heat; cold. Effect: d.") == ((None, "heat; cold"),)
    assert labelled_causes("A crack runs through it.") == ()


def test_the_worst_severity_is_proposed() -> None:
    defects = (examples.defect(1, Severity.MINOR), examples.defect(2, Severity.CRITICAL))

    assert fail(defects).proposed_severity is Severity.CRITICAL
    assert worst(()) is None


def test_a_hundred_percent_is_said_only_of_all_normals() -> None:
    for percentile, told in ((99.6, "above 99 %"), (100, "above 100 %")):
        judgement = examples.judgement().model_copy(update={"percentile": percentile})
        report = composed(judgement, DEFECTS[:1], (), ())
        assert told in report.summary


def test_knowledge_that_is_shown_is_never_said_to_be_missing() -> None:
    far = examples.snippet().model_copy(update={"similarity": 0.1})

    assert "No related knowledge entry was found" in " ".join(fail().open_questions)
    asked = " ".join(fail(snippets=(far,)).open_questions)
    assert "No related knowledge entry" not in asked
    assert f"The knowledge that was found ({far.id}) may not be about this deviation" in asked
