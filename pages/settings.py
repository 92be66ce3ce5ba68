"""Settings: what a person may change here, who did, and what only the environment says."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

import streamlit as st

from core.domain import Language
from core.reporting.availability import ranked
from core.reporting.catalogue import catalogue
from core.services.preferences import FixedSetting, Standing, fixed_settings
from core.services.station import Station
from core.tasks.shared_station import shared_station
from pages.memory import remember
from pages.parts.errors import shown_to_the_operator
from pages.parts.numbers import number_field
from pages.parts.words import person_of, plain
from pages.parts.writers import LANGUAGES, writer_name
from pages.texts import language, percentage, t, when
from pages.texts.labels import label_of


def ask_my_language() -> None:
    """Ask for the language of this person's screens; the browser remembers it."""
    with st.container(border=True, gap="xsmall"):
        told, asked = st.columns([11, 10], gap="medium", vertical_alignment="center")
        told.markdown(f"**{t('settings.my_language')}**")
        told.caption(t("settings.my_language_help"))
        st.session_state["my-language"] = language()
        asked.segmented_control(
            t("settings.my_language"),
            list(LANGUAGES),
            format_func=LANGUAGES.__getitem__,
            required=True,
            label_visibility="collapsed",
            key="my-language",
            on_change=lambda: remember("language", st.session_state["my-language"]),
        )


def show_setting(station: Station, standing: Standing, person: str) -> None:
    """Show one setting: what it is, who changed it, how to change it and how to reset it."""
    name, help = _title(standing.name)
    with st.container(border=True, gap="xsmall"):
        told, asked = st.columns([11, 10], gap="medium", vertical_alignment="center")
        with told, st.container(gap=None):
            st.markdown(f"**{name}** · `{standing.name.upper()}`", help=help)
            st.caption(_origin(standing))
        with asked, st.container(horizontal=True, vertical_alignment="center"):
            value = None
            with shown_to_the_operator():
                value = _ask(station, standing, name)
            if st.button(
                t("settings.change"),
                key=f"change-{standing.name}",
                disabled=value == standing.value or value is None,
            ):
                _change(station, standing.name, value, person)
            if standing.change is not None and st.button(
                t("settings.give_back"),
                key=f"back-{standing.name}",
                icon=":material/undo:",
                help=t("settings.give_back_help"),
            ):
                _change(station, standing.name, None, person)


def _origin(standing: Standing) -> str:
    environment = plain(_shown(standing.name, standing.environment))
    if standing.change is None:
        return t("settings.by_environment", value=environment)
    return t(
        "settings.changed",
        by=plain(standing.change.by),
        when=when(standing.change.at),
        value=environment,
    )


def _change(station: Station, name: str, value: object, person: str) -> None:
    with shown_to_the_operator():
        station.change_setting(name, value, person)
        st.session_state["settings-said"] = name
        st.rerun()


def _ask(station: Station, standing: Standing, label: str) -> object:
    # A changed value makes a new widget, which starts there.
    key = f"{standing.name}-{standing.value}"
    value = standing.value
    if standing.name in ("console_language", "report_language"):
        return st.segmented_control(
            label,
            list(LANGUAGES),
            default=value,
            format_func=lambda language: LANGUAGES[language],
            required=True,
            label_visibility="collapsed",
            key=key,
        )
    if standing.name == "llm_model":
        offered = {one.model.key: one for one in ranked(catalogue().values(), station.settings)}
        return st.selectbox(
            label,
            list(offered),
            index=list(offered).index(value),
            format_func=lambda writer: writer_name(offered[writer]),
            label_visibility="collapsed",
            key=key,
        )
    if standing.name == "audit_share":
        percent = number_field(
            label, 100 * value, least=0, most=100, label_visibility="collapsed", key=key
        )()
        return value if percent in (None, 100 * value) else percent / 100
    if standing.name == "takt_s":
        return number_field(
            label,
            value,
            least=0.001,
            placeholder=t("settings.no_takt"),
            label_visibility="collapsed",
            key=key,
        )()
    if isinstance(value, bool):
        return st.toggle(label, value=value, label_visibility="collapsed", key=key)
    return _ask_text(standing.name, value, label, key)


def _ask_text(name: str, value: str | None, label: str, key: str) -> str | None:
    if name == "plant_time_zone":
        return st.selectbox(
            label,
            zones := sorted(available_timezones()),
            index=zones.index(value) if value in zones else None,
            placeholder=t("settings.not_set"),
            label_visibility="collapsed",
            key=key,
        )
    return st.text_input(label, value=value or "", label_visibility="collapsed", key=key)


def _title(name: str) -> tuple[str, str]:
    return label_of("settings", name), label_of("settings", f"{name}_help")


def _shown(name: str, value: Any) -> str:  # noqa: ANN401  # a setting of any type
    if value in (None, ""):
        return t("settings.not_set")
    if isinstance(value, bool):
        return t("settings.on") if value else t("settings.off")
    if name == "audit_share":
        return percentage(value)
    return LANGUAGES[value] if isinstance(value, Language) else str(value)


def show_fixed(station: Station) -> None:
    """Show what only the environment changes; of secrets, whether they are set."""
    st.markdown(f"##### {t('settings.fixed')}")
    st.caption(t("settings.fixed_help"))
    st.dataframe(
        [
            {
                t("settings.name"): each.name,
                t("settings.value"): each.value
                if each.value is not None
                else t("settings.set")
                if each.is_set
                else t("settings.not_set"),
                t("settings.meaning"): meaning_text(each),
            }
            for each in fixed_settings(station.settings)
        ],
        hide_index=True,
        height=560,
        alt=t("settings.fixed"),
    )


def meaning_text(setting: FixedSetting) -> str:
    """Explain a setting of the environment; empty where its name says enough."""
    return label_of("meanings", setting.name.lower()) if setting.description else ""


with shown_to_the_operator():
    station = shared_station()
    if changed_name := st.session_state.pop("settings-said", None):
        st.success(t("settings.done", name=_title(changed_name)[0]), icon=":material/check_circle:")
    left, right = st.columns([13, 8], gap="medium")
    with left:
        who = st.text_input(t("settings.who"), value=person_of(), width=300, key="settings-who")
        st.session_state["person"] = who
        ask_my_language()
        for one in station.preferences():
            show_setting(station, one, who)
    with right, shown_to_the_operator():
        show_fixed(station)
