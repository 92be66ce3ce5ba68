from __future__ import annotations

import pytest

from core.domain import Finding, Hypothesis
from core.reporting.differences import fields, marked
from tests.records import examples


@pytest.mark.parametrize(
    ("text", "other", "own"),
    [
        ("a dark line", "a thin line", "dark "),
        ("the same", "the same", ""),
        ("", "gone", ""),
        ("new words", "", "new words"),
        ("moved to\nthe end", "moved to the end", ""),
        ("어두운 선이 있습니다", "밝은 선이 있습니다", "어두운 "),
    ],
)
def test_words_that_the_other_text_lacks_are_marked(text: str, other: str, own: str) -> None:
    pieces = marked(text, other)

    assert "".join(piece for piece, _ in pieces) == text
    assert "".join(piece for piece, is_own in pieces if is_own) == own


def test_fields_say_all_that_a_report_says() -> None:
    finding = Finding(
        defect_ids=("D1", "D2"), observation="A line.", hypotheses=(Hypothesis(cause="Pressing."),)
    )
    texts = fields(examples.report().model_copy(update={"findings": (finding,)}))

    assert texts["Finding on D1, D2"] == "A line.\nPressing."
    assert texts["Summary"] == examples.report().summary
    assert texts["Open questions"] == "Cause?"
