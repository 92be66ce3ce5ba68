"""What the check could read of a report: nonsense has no remark, and is not counted as checked."""

from __future__ import annotations

import pytest

from core.domain import Report
from core.reporting.composer import compose
from core.reporting.grounding import check, coverage
from tests.reporting.grounding.scenes import scenes


@pytest.mark.parametrize("scene", scenes())
def test_most_of_what_the_composer_writes_can_be_checked(scene: str) -> None:
    evidence = scenes()[scene]

    read = coverage(compose(evidence), evidence)

    assert read.held >= read.sentences / 2 > 0


def test_nonsense_has_no_remark_and_is_not_counted_as_checked() -> None:
    evidence = next(iter(scenes().values()))
    nonsense = Report(
        summary="Potato potato. The moon sings to a purple spoon!",
        effect="Spoons, mostly.",
        not_assessed=tuple(defect.id for defect in evidence.defects),
    )

    assert [remark for remark in check(nonsense, evidence) if remark.sentence] == []
    read = coverage(nonsense, evidence)
    assert (read.sentences, read.held) == (3, 0)
    named = nonsense.model_copy(update={"summary": "Potato. D1 is minor. The score is 7.5."})
    assert coverage(named, evidence).held == 2
