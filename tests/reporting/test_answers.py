from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import jsonschema
import pytest

from core.domain import Language, Report
from core.reporting.answers import (
    BRIEF,
    FULL,
    AnswerError,
    Lengths,
    answer_schema,
    longest_answer,
    prose_so_far,
    read_answer,
    schema_for,
)
from tests.records import examples

KOREAN = "왼쪽 위에 어두운 선이 있습니다. 부품을 보류하고 검토하십시오. "


def an_answer(**changes: object) -> dict[str, Any]:
    answer = {
        "summary": "A dark line crosses the cell at the top left; hold the part for review.",
        "findings": [
            {
                "defect_ids": ["D1"],
                "observation": "A thin dark line.",
                "probable_defect_type": "crack",
                "snippet_ids": ["K-0123456789"],
                "hypotheses": [
                    {
                        "cause": "Pressing in the laminator.",
                        "cause_class": "method",
                        "confidence": "low",
                        "snippet_ids": ["K-0123456789"],
                    }
                ],
            }
        ],
        "not_assessed": ["D2"],
        "effect": "",
        "proposed_severity": "major",
        "containment": "Hold the part.",
        "recommended_action": "",
        "proposed_disposition": None,
        "open_questions": [],
        "confidence": "medium",
    }
    return answer | changes


def read(text: str, language: Language = Language.ENGLISH) -> Report:
    return read_answer(text, FULL, language)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(an_answer()),
        f"```json\n{json.dumps(an_answer(), indent=2)}\n```",
        f"Here is the report:\n{json.dumps(an_answer())}\nI hope that it helps.",
        "<think>The schema wants {summary, findings}.</think>" + json.dumps(an_answer()),
        f'Set {{D1, D2}}, {{"a": {{}}}}: {json.dumps(an_answer())} and not {{"summary": ""}} or {{',
        f"<think>{json.dumps(an_answer(summary='A first draft of the report.'))} }} Better:"
        f"</think>\n```json\n{json.dumps(an_answer(), indent=2)}\n```",
        json.dumps({"report": an_answer(), "note": "a { in a string"}),
        json.dumps([{"name": "report", "parameters": an_answer()}]),
    ],
    ids=["bare", "fenced", "in prose", "thoughts", "braces", "draft", "wrapped", "call"],
)
def test_an_answer_is_read_as_a_report(text: str) -> None:
    report = read(text)

    assert report.summary == an_answer()["summary"]
    assert report.findings[0].hypotheses[0].cause == "Pressing in the laminator."
    assert report.language is Language.ENGLISH
    assert report.schema_version == 2
    fields = set(Report.model_fields) - {"schema_version", "language"}
    assert set(an_answer()) == fields, "every field of a report is asked for"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no JSON object"),
        ("I cannot help with that.", "no JSON object"),
        (json.dumps(an_answer())[:300], "not valid JSON"),
        ('{"summary": ' + "[" * 100_000, "not valid JSON"),
        ("<think>{summary}</think>" + json.dumps(an_answer())[:300], "Unterminated string"),
        ('<think>{"a": 1}</think>' + json.dumps(an_answer(effect=3)), "effect: 3 is not of type"),
        (json.dumps({"verdict": "FAIL"}), "'summary' is a required property"),
        (json.dumps(an_answer(verdict="PASS")), "verdict"),
        (json.dumps(an_answer(confidence="certain")), "confidence: 'certain' is not one of"),
        (json.dumps(an_answer(summary="x" * 901)), "summary has 901 characters; at most 900"),
        (json.dumps(an_answer(summary="long " * 100_000)), "summary has 500000 characters"),
        (
            json.dumps(an_answer(findings=an_answer()["findings"] * 7)),
            "findings has 7 items; at most 6",
        ),
        (json.dumps(an_answer(summary="a bell \x07 and more text after it")), "control characters"),
        (json.dumps(an_answer(summary="half a pair \ud800")), "not valid JSON"),
        (json.dumps(an_answer(summary=" " * 30, findings=[])), "The summary is empty"),
        (json.dumps(an_answer(summary="", findings=[])), "summary: '' is too short"),
        (
            json.dumps(
                an_answer(
                    summary="왼쪽 위에 어두운 선이 있습니다. 부품을 보류하고 검토하십시오. " * 4
                )
            ),
            "must be in the language 'en'",
        ),
    ],
)
def test_a_broken_answer_is_told_what_is_wrong_with_it(text: str, fault: str) -> None:
    with pytest.raises(AnswerError) as told:
        read(text)

    assert fault in str(told.value)
    assert len(str(told.value)) < 2000, "the repair turn stays small"


def test_an_answer_in_the_language_asked_for_is_read() -> None:
    german = "Eine dunkle Linie verläuft oben links über die Zelle; das Teil ist zu sperren."

    for language, summary in ((Language.KOREAN, KOREAN), (Language.GERMAN, german)):
        answer = an_answer(summary=summary, findings=[])
        assert read(json.dumps(answer, ensure_ascii=False), language).language is language


def test_only_ids_of_the_evidence_may_be_cited_by_a_model_held_to_the_schema() -> None:
    schema = schema_for(examples.inspection().evidence, FULL)
    finding = an_answer()["findings"][0]

    jsonschema.validate(an_answer(), schema)
    for wrong in ({"defect_ids": ["D9"]}, {"snippet_ids": ["K-9999999999"]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(an_answer(findings=[finding | wrong]), schema)
    jsonschema.validate(an_answer(findings=[finding | {"defect_ids": ["D9"]}]), answer_schema(FULL))


def test_without_defects_there_are_no_findings() -> None:
    schema = answer_schema(FULL, [], [])

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(an_answer(findings=[], not_assessed=[]), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(an_answer(not_assessed=[]), schema)


def filled(schema: dict[str, Any]) -> Any:  # noqa: ANN401  # JSON
    if "enum" in schema:
        return max(schema["enum"], key=lambda value: len(str(value)))
    if schema["type"] == "string":
        return "x" * schema["maxLength"]
    if schema["type"] == "array":
        return [filled(schema["items"])] * schema["maxItems"]
    return {name: filled(part) for name, part in schema["properties"].items()}


@pytest.mark.parametrize("lengths", [FULL, BRIEF], ids=["full", "brief"])
def test_no_answer_is_longer_than_the_longest(lengths: Lengths) -> None:
    schema = answer_schema(lengths, ["D1", "D2", "D12"], ["K-0123456789"] * 3)
    fullest = filled(schema)

    jsonschema.validate(fullest, schema)
    written = len(json.dumps(fullest))
    assert written <= longest_answer(schema) <= 1.1 * written


def test_an_answer_can_be_followed_while_it_comes() -> None:
    text = "```json\n" + json.dumps(an_answer())
    seen = [prose_so_far(text[:end]) for end in range(len(text) + 1)]

    assert seen[0] == ""
    assert seen[-1] == f"{an_answer()['summary']}\n\nA thin dark line."
    assert all(len(before) <= len(after) for before, after in pairwise(seen))
    assert prose_so_far('{"summary": 3, "findings": [4, {"observation": null}]}') == ""


def test_thoughts_with_braces_do_not_hide_the_answer_that_comes() -> None:
    draft = json.dumps(an_answer(summary="A first draft of the report.", findings=[]))
    text = f"<think>{{summary}} {draft} No: </think>"

    assert prose_so_far(text) == "A first draft of the report."
    assert prose_so_far(f'{text}```json {{"summary": "A dark li') == "A dark li"
    assert prose_so_far(f"{text}{json.dumps(an_answer())}```").startswith("A dark line crosses")


def test_a_line_break_in_a_string_and_a_written_backslash_are_no_fault() -> None:
    broken = json.dumps(an_answer(containment="Hold it. BREAK Look at C:\\u0007 too."))

    report = read(broken.replace("BREAK", "\n"))

    assert report.containment == "Hold it. \n Look at C:\\u0007 too."
