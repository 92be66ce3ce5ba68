"""A part that was found bad is used as it is by a concession only."""

from __future__ import annotations

import pytest

from core.domain import Disposition
from core.domain.errors import RecordsError
from core.infrastructure.settings import Settings
from core.records.dispositions import add_disposition
from core.records.inspections import load_inspection, save_inspection
from core.records.store.database import Database
from tests.records import examples

ID = examples.inspection().id


def test_what_was_scrapped_is_used_by_a_concession_only(empty_settings: Settings) -> None:
    with Database.open(empty_settings) as records:
        save_inspection(records, examples.inspection())
        add_disposition(records, ID, Disposition.SCRAP, "Too deep", "Ana")

        with pytest.raises(RecordsError, match=r"Ana decided 'scrap' .* number of the concession"):
            add_disposition(records, ID, Disposition.USE_AS_IS, "Customer agrees", "Ben")
        add_disposition(
            records, ID, Disposition.USE_AS_IS, "Customer agrees", "Ben", concession=" C-17 "
        )

        kept = load_inspection(records, ID)
        assert [entry.concession for entry in kept.dispositions] == ["", "C-17"]
        assert kept.is_nonconforming


def test_a_part_that_conforms_is_accepted(empty_settings: Settings) -> None:
    with Database.open(empty_settings) as records:
        save_inspection(records, examples.inspection())
        assert load_inspection(records, ID).is_nonconforming
        add_disposition(records, ID, Disposition.ACCEPTED, "Within limits", "Ana")

        assert not load_inspection(records, ID).is_nonconforming
        assert Disposition.ACCEPTED.is_of_good_part
