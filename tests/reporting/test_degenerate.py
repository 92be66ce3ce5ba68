from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.domain import Evidence, Product, Verdict
from core.reporting.composer import compose
from core.reporting.degenerate import why_degenerate
from tests.records import examples

# Answers of gemma3-270m-int4 to several prompts; without its repeat penalty all of them loop.
ANSWERS = json.loads(Path(__file__).with_name("answers_of_gemma3_270m.json").read_text("utf-8"))
GOOD = "A dark line runs through the cell at the top left; it is 30 px long."


def report(**fields: object) -> str:
    finding = {"defect_ids": ["D1"], "observation": GOOD, "hypotheses": [{"cause": "Pressing."}]}
    return json.dumps({"summary": GOOD, "findings": [finding], "effect": "", **fields})


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("count", [1, 2, 5, 6, 12, 40])
@pytest.mark.parametrize("knows", [True, False])
def test_no_composed_report_is_flagged(verdict: Verdict, count: int, knows: bool) -> None:
    passed = verdict is Verdict.PASS
    evidence = Evidence(
        product=Product(dataset="ELPV", category="mono"),
        judgement=examples.judgement().model_copy(update={"verdict": verdict}),
        defects=() if passed else tuple(examples.defect(n) for n in range(1, count + 1)),
        snippets=(examples.snippet(),) if knows else (),
    )

    assert why_degenerate(compose(evidence).model_dump_json()) == ""


@pytest.mark.parametrize("answer", ANSWERS["without a penalty"])
def test_real_loops_are_found(answer: dict[str, Any]) -> None:
    assert why_degenerate(json.dumps(answer, ensure_ascii=False))


def test_of_real_answers_with_the_penalty_only_those_that_say_nothing_are_flagged() -> None:
    reasons = {
        number: reason
        for number, answer in enumerate(ANSWERS["with the penalty"])
        if (reason := why_degenerate(json.dumps(answer, ensure_ascii=False)))
    }

    assert reasons == {
        2: "'the first step in building an effective team is to understan...' stands in "
        "cause, observation, summary alike.",
        4: "The cause says nothing: 'p'.",
        8: "The observation says nothing: 'D3'.",
    }


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"summary": ""}, "The summary says nothing: ''."),
        ({"summary": "12.5 %"}, "The summary says nothing: '12.5 %'."),
        ({"effect": "n/a"}, "The effect says nothing: 'n/a'."),
        ({"summary": "A crack" + "k" * 20}, "The summary repeats the character 'k'."),
        ({"summary": "ab" * 40}, "The summary holds a word of more than 60 letters."),
        ({"containment": "{[(a)]} <b/> ;; </li>"}, "The containment is mostly symbols"),
        ({"summary": "the part " * 4}, "The summary repeats 'the part' over and over."),
        ({"open_questions": ["Is it a crack? " * 4]}, "The open question repeats 'is it a crack'"),
        (
            {"effect": "The cell is dark. The cell is broken. Is the cell dark? " * 3},
            "The effect turns in a circle",
        ),
        ({"effect": GOOD, "containment": GOOD}, "'a dark line runs through the cell at the"),
    ],
)
def test_what_says_nothing_is_named_with_its_field(fields: dict[str, object], reason: str) -> None:
    assert why_degenerate(report(**fields)).startswith(reason)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"summary": "셀 왼쪽 위에 어두운 선이 있으며 길이는 30 px입니다. 부품을 보류하십시오."},
        {"effect": "긁힘"},
        {"summary": "Oberflächenbeschädigungsbegutachtung: Der Riss oben links ist 30 px lang."},
        {"effect": "No, no, no: the part must not be used."},
        {"containment": "Set it aside.", "recommended_action": "Set it aside."},
        {"not_assessed": ["D1", "D2"], "proposed_severity": None},
    ],
    ids=["good", "Korean", "short Korean", "German", "thrice", "shared step", "no prose"],
)
def test_what_says_something_is_let_through(fields: dict[str, object]) -> None:
    assert why_degenerate(report(**fields)) == ""


def test_alike_defects_may_be_described_alike() -> None:
    finding = {"observation": GOOD, "hypotheses": [{"cause": "Pressing of the cell in handling."}]}

    assert why_degenerate(report(findings=[finding] * 6)) == ""


@pytest.mark.parametrize("text", ["{}", "[]", '{"confidence": "low"}'])
def test_an_answer_without_prose_is_none(text: str) -> None:
    assert why_degenerate(text) == "The answer holds no text."


def test_prose_that_is_no_json_is_looked_at_as_a_whole() -> None:
    assert why_degenerate(GOOD) == ""
    assert why_degenerate("crack " * 5) == "The text repeats 'crack' over and over."
