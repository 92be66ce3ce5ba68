"""A correction in words."""

from __future__ import annotations

from datetime import UTC, datetime

from core.domain import Correction


def test_a_correction_says_who_when_what_and_why() -> None:
    made = Correction(
        corrected_by="Ana",
        corrected_at=datetime(2026, 11, 30, tzinfo=UTC),
        reason="wrong tray",
        before={"lot": "", "product": "ELPV/mono"},
        after={"lot": "L-7", "product": "ELPV/poly"},
    )

    assert made.sentence() == (
        "Corrected by Ana on 2026-11-30: lot - → L-7, product ELPV/mono → ELPV/poly (wrong tray). "
        "Another product's detector judged the picture."
    )
