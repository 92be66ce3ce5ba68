from __future__ import annotations

import pytest

from core.domain import Language
from core.errors import SettingsError
from core.settings import Settings
from core.workbench import Workbench


def test_a_change_holds_over_a_restart_and_is_on_record(station: Settings) -> None:
    with Workbench(station) as bench:
        bench.change_setting("report_language", "ko", " Ana ")
        assert bench.settings.report_language is Language.KOREAN
        (event,) = bench.records.events("report_language")

    with Workbench(station) as bench:
        assert bench.settings.report_language is Language.KOREAN
        bench.change_setting("report_language", None, "Bo")
        assert bench.settings == station

    assert (event.actor, event.detail) == ("Ana", {"before": "en", "after": "ko"})


@pytest.mark.parametrize(
    ("name", "value", "person", "said"),
    [
        ("report_language", "fr", "Ana", "REPORT_LANGUAGE cannot be 'fr'"),
        ("llm_model", "gpt-9", "Ana", "There is no report writer 'gpt-9'"),
        ("openai_api_key", "sk-1", "Ana", "cannot be changed in the console"),
        ("data_dir", None, "Ana", "cannot be changed in the console"),
        ("llm_model", "offline", " ", "Name the person"),
    ],
)
def test_what_cannot_be_is_refused(
    bench: Workbench, name: str, value: str | None, person: str, said: str
) -> None:
    before = bench.settings

    with pytest.raises(SettingsError, match=said):
        bench.change_setting(name, value, person)

    assert bench.settings == before


def test_a_writer_that_left_the_catalogue_is_left_out(station: Settings) -> None:
    with Workbench(station) as bench:
        bench.change_setting("llm_model", "claude", "Ana")
        with bench.records.transaction() as cursor:
            cursor.execute("UPDATE preferences SET value = '\"gone\"'")

    with Workbench(station) as bench:
        assert bench.settings.llm_model == "offline"
