"""Each rule on sentences of its own: what it lets stand and what it finds."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from core.domain import Evidence, Finding, Hypothesis, Report, Rule
from core.reporting.composer import worst
from core.reporting.grounding import check
from tests.reporting.grounding.scenes import scenes

TRICKY = tomllib.loads(Path(__file__).with_name("tricky.toml").read_text("utf-8"))


def written(evidence: Evidence, field: str, text: str) -> Report:
    """A report that says one sentence in one field, and covers every defect."""
    for number, snippet in enumerate(evidence.snippets, start=1):
        text = text.replace(f"{{K{number}}}", snippet.id)
    ids = tuple(defect.id for defect in evidence.defects)
    cited = tuple(snippet.id for snippet in evidence.snippets)
    finding = Finding(
        defect_ids=ids,
        observation=text if field == "observation" else "",
        hypotheses=(Hypothesis(cause=text, snippet_ids=cited),) if field == "cause" else (),
    )
    report = Report(
        summary="",
        findings=(finding,) if ids else (),
        proposed_severity=worst(evidence.defects),
    )
    said = {} if field in ("observation", "cause") else {field: text}
    return report.model_copy(update=said)


@pytest.mark.parametrize(("scene", "field", "text"), TRICKY["clean"])
def test_a_true_sentence_stands(scene: str, field: str, text: str) -> None:
    evidence = scenes()[scene]

    assert check(written(evidence, field, text), evidence) == ()


@pytest.mark.parametrize(("scene", "field", "rule", "text"), TRICKY["faulty"])
def test_a_false_sentence_is_found(scene: str, field: str, rule: str, text: str) -> None:
    evidence = scenes()[scene]

    remarks = check(written(evidence, field, text), evidence)

    assert Rule(rule) in {remark.rule for remark in remarks}
    for remark in remarks:
        assert remark.sentence
        assert remark.message.endswith(".")
