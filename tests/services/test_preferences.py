from __future__ import annotations

import pytest

from core.domain import Language
from core.domain.errors import SettingsError
from core.infrastructure.settings import Settings
from core.services.preferences import CHANGEABLE, fixed_settings
from core.services.workbench import Workbench


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


def test_who_changed_what_stands_beside_the_environment(bench: Workbench) -> None:
    bench.change_setting("takt_s", 2.5, "Ana")

    standing = {each.name: each for each in bench.preferences()}

    assert tuple(standing) == CHANGEABLE
    takt, audit = standing["takt_s"], standing["audit_share"]
    assert (takt.value, takt.environment) == (2.5, None)
    assert takt.change is not None
    assert takt.change.by == "Ana"
    assert (audit.value, audit.environment, audit.change) == (0.02, 0.02, None)
    bench.change_setting("takt_s", None, "Bo")
    assert {each.change for each in bench.preferences()} == {None}


def test_the_audit_share_draws_from_the_change_on(station: Settings) -> None:
    with Workbench(station) as bench:
        bench.change_setting("audit_share", 1.0, "Ana")
        assert bench.records.audit_share == 1.0

    with Workbench(station) as bench:
        assert bench.records.audit_share == 1.0
        with pytest.raises(SettingsError, match="AUDIT_SHARE cannot be"):
            bench.change_setting("audit_share", 1.5, "Ana")


def test_secrets_and_passwords_are_not_shown() -> None:
    settings = Settings(
        _env_file=None,
        openai_api_key="sk-very-secret",
        openai_compatible_url="http://ana:pass-word@10.0.0.7:8000/v1",
        chroma_url="http://10.0.0.8:8000",
    )

    shown = {each.name: each for each in fixed_settings(settings)}

    assert not {name.upper() for name in CHANGEABLE} & shown.keys()
    key = shown["OPENAI_API_KEY"]
    assert (key.is_secret, key.is_set, key.value) == (True, True, None)
    assert shown["OPENAI_COMPATIBLE_URL"].value == "http://…@10.0.0.7:8000/v1"
    assert shown["CHROMA_URL"].value == "http://10.0.0.8:8000"
    assert "sk-very" not in repr(shown)
    assert "pass-word" not in repr(shown)
