"""The figures of the study, asserted with the run that makes them."""

from __future__ import annotations

import pytest

from tests.reporting.grounding.free_texts import free_texts
from tests.reporting.grounding.generated import cases
from tests.reporting.grounding.study import (
    KINDS,
    clean_flagged,
    composed_caught,
    free_caught,
)


@pytest.mark.slow
def test_clean_composed_reports_are_not_flagged() -> None:
    rate = clean_flagged(cases())

    assert rate.out_of >= 300
    assert rate.share <= 0.02


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_faults_of_composed_reports_are_found(kind: str) -> None:
    rate = composed_caught(kind)

    assert rate.out_of >= 100
    assert rate.share >= 0.95


def test_hand_written_texts_are_read_as_people_mean_them() -> None:
    seen = [text for text in free_texts() if not text.is_held_out]

    assert len(seen) >= 40
    assert clean_flagged(seen).share <= 0.02
    for rate in free_caught(held_out=False).values():
        assert rate.share >= 0.95


def test_hand_written_texts_that_the_check_was_not_made_with() -> None:
    """Few texts, so the bounds are what they showed: 2 of 20 flagged; one miss in two kinds."""
    unseen = [text for text in free_texts() if text.is_held_out]

    assert len(unseen) >= 20
    assert clean_flagged(unseen).count <= 2
    caught = free_caught(held_out=True)
    assert sum(rate.count for rate in caught.values()) >= 0.95 * sum(
        rate.out_of for rate in caught.values()
    )
