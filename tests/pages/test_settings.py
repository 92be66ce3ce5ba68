"""The Settings page as a script: what is changed, by whom, and what is never shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.domain import Language
from core.infrastructure.settings import Settings
from core.records.events import list_events
from core.services.preferences import fixed_settings
from core.services.station import Station
from pages.texts import texts
from tests.pages.app import page, words


@pytest.fixture
def station(station_settings: Settings, console: Callable[[Settings], Station]) -> Station:
    values: dict[str, Any] = dict(station_settings) | {"google_api_key": "AIza-secret"}
    return console(Settings(**values))


def press(app: AppTest, key: str) -> None:
    app.button(key=key).click().run()
    assert not app.exception


def test_the_language_of_the_console_changes_at_once_and_is_given_back(station: Station) -> None:
    app = page("settings")
    app.text_input(key="settings-who").set_value("Ana").run()
    app.segmented_control(key="console_language-en").set_value(Language.KOREAN).run()
    press(app, "change-console_language")

    assert "콘솔 언어" in words(app)
    assert "Ana 님이" in words(app)
    assert station.settings.console_language is Language.KOREAN
    press(app, "back-console_language")

    assert "Language of the console" in words(app)
    assert station.settings.console_language is Language.ENGLISH
    assert [event.actor for event in list_events(station.records, "console_language")] == [
        "Ana",
        "Ana",
    ]


def test_a_change_needs_a_name(station: Station) -> None:
    app = page("settings")
    app.toggle(key="rag_enabled-True").set_value(False).run()
    press(app, "change-rag_enabled")

    assert app.error[0].value == "Name the person who changes the setting."
    assert station.settings.rag_enabled is True


def test_numbers_are_changed(station: Station) -> None:
    app = page("settings")
    app.text_input(key="settings-who").set_value("Ana").run()
    app.text_input(key="audit_share-0.0-en").set_value("7.5").run()
    press(app, "change-audit_share")
    app.text_input(key="takt_s-None-en").set_value("2,5").run()
    press(app, "change-takt_s")

    assert (station.settings.audit_share, station.settings.takt_s) == (0.075, 2.5)
    assert "the environment says 0.0 %" in words(app)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("1,234", '1,234 can be read as two numbers. The decimal mark is "."'),
        ("-", '"-" is not a number. Type digits, such as 12.5.'),
        ("100,5", "100,5 is too large. Type 100 or less."),
        ("-0.5", "-0.5 is too small. Type 0 or more."),
    ],
)
def test_what_is_no_number_for_a_setting_is_said_and_changes_nothing(
    station: Station, typed: str, sentence: str
) -> None:
    app = page("settings")
    app.text_input(key="audit_share-0.0-en").set_value(typed).run()

    assert sentence in app.error[0].value
    assert next(b for b in app.button if b.key == "change-audit_share").disabled
    assert app.toggle(key="rag_enabled-True")
    assert station.settings.audit_share == 0


def test_a_german_screen_shows_and_takes_a_decimal_comma(station: Station) -> None:
    station.change_setting("console_language", Language.GERMAN, "Ana")
    app = page("settings")
    app.text_input(key="settings-who").set_value("Ana").run()

    app.text_input(key="takt_s-None-de").set_value("1.234,5").run()
    press(app, "change-takt_s")
    assert station.settings.takt_s == 1234.5
    app.text_input(key="takt_s-1234.5-de").set_value("1,234").run()
    press(app, "change-takt_s")
    assert station.settings.takt_s == 1.234
    assert app.text_input(key="takt_s-1.234-de").value == "1,234"


@pytest.mark.usefixtures("station")
def test_of_secrets_only_whether_they_are_set_is_shown() -> None:
    (table,) = [frame.value for frame in page("settings").dataframe]

    values = dict(zip(table["Setting"], table["Value"], strict=True))
    assert values["GOOGLE_API_KEY"] == "set"
    assert values["OPENAI_COMPATIBLE_API_KEY"] == "not set"
    assert "AIza-secret" not in table.to_csv()


@pytest.mark.parametrize("language", Language)
def test_what_a_setting_of_the_environment_means_is_told_in_the_consoles_language(
    language: Language, station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = station.settings.model_copy(update={"console_language": language})
    monkeypatch.setattr(station, "settings", settings)
    (table,) = [frame.value for frame in page("settings").dataframe]

    said = table[texts(language)["settings.meaning"]]
    for shown, setting in zip(said, fixed_settings(settings), strict=True):
        if setting.description:
            assert (shown == setting.description) == (language is Language.ENGLISH), setting.name


def test_plant_days_and_shifts_are_set_in_one_form(station: Station) -> None:
    app = page("settings")
    app.text_input(key="settings-who").set_value("Ana").run()
    app.selectbox(key="plant_time_zone-None").set_value("Europe/Berlin").run()
    press(app, "change-plant_time_zone")
    app.text_input(key="shift_starts-").set_value("22:00, 6:00,14:00").run()
    press(app, "change-shift_starts")
    app.text_input(key="plant_day_start-00:00").set_value("six").run()
    press(app, "change-plant_day_start")

    assert "a time such as 06:00 was expected, not 'six'" in app.error[0].value
    plant = station.settings.plant_time()
    assert (str(plant.zone), f"{plant.day_start:%H:%M}") == ("Europe/Berlin", "00:00")
    assert [f"{start:%H:%M}" for start in plant.shift_starts] == ["06:00", "14:00", "22:00"]
