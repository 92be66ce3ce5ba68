from __future__ import annotations

import pytest

from core.domain import Language
from core.domain.errors import SettingsError
from core.infrastructure.settings import Settings
from core.records.events import list_events
from core.services.preferences import CHANGEABLE, fixed_settings
from core.services.station import Station
from core.tasks.shared_station import open_station


def test_a_change_holds_over_a_restart_and_is_on_record(station_settings: Settings) -> None:
    with open_station(station_settings) as station:
        station.change_setting("report_language", "ko", " Ana ")
        assert station.settings.report_language is Language.KOREAN
        (event,) = list_events(station.records, "report_language")

    with open_station(station_settings) as station:
        assert station.settings.report_language is Language.KOREAN
        station.change_setting("report_language", None, "Bo")
        assert station.settings == station_settings

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
    station: Station, name: str, value: str | None, person: str, said: str
) -> None:
    before = station.settings

    with pytest.raises(SettingsError, match=said):
        station.change_setting(name, value, person)

    assert station.settings == before


def test_a_writer_that_left_the_catalogue_is_left_out(station_settings: Settings) -> None:
    with open_station(station_settings) as station:
        station.change_setting("llm_model", "claude", "Ana")
        with station.records.transaction() as cursor:
            cursor.execute("UPDATE preferences SET value = '\"gone\"'")

    with open_station(station_settings) as station:
        assert station.settings.llm_model == "offline"


def test_who_changed_what_stands_beside_the_environment(station: Station) -> None:
    station.change_setting("takt_s", 2.5, "Ana")

    standing = {each.name: each for each in station.preferences()}

    assert tuple(standing) == CHANGEABLE
    takt, audit = standing["takt_s"], standing["audit_share"]
    assert (takt.value, takt.environment) == (2.5, None)
    assert takt.change is not None
    assert takt.change.by == "Ana"
    assert (audit.value, audit.environment, audit.change) == (0.0, 0.0, None)
    station.change_setting("takt_s", None, "Bo")
    assert {each.change for each in station.preferences()} == {None}


def test_the_audit_share_draws_from_the_change_on(station_settings: Settings) -> None:
    with open_station(station_settings) as station:
        station.change_setting("audit_share", 1.0, "Ana")
        assert station.records.audit_share == 1.0

    with open_station(station_settings) as station:
        assert station.records.audit_share == 1.0
        with pytest.raises(SettingsError, match="AUDIT_SHARE cannot be"):
            station.change_setting("audit_share", 1.5, "Ana")


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
