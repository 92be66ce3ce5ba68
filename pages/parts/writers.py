"""Who writes a report and in which language, and the draft while it is being written."""

from __future__ import annotations

import streamlit as st

from core.domain import Inspection, Language, Outcome, Revision, WriterChoice
from core.reporting.availability import Availability, ranked
from core.reporting.catalogue import catalogue
from core.services.reports import draft_report
from core.services.station import Station
from core.tasks.report import is_slow, write_later
from pages.parts.errors import shown_to_the_operator
from pages.parts.words import person_of, plain
from pages.parts.writer_words import writer_title
from pages.texts import number, t
from pages.texts.labels import lack_label

LANGUAGES = {
    Language.ENGLISH: "English",
    Language.KOREAN: "한국어",
    Language.GERMAN: "Deutsch",
}


def ask_writer(station: Station, key: str) -> WriterChoice:
    """Ask for writer and language, and say what the chosen writer lacks.

    Args:
        station: whose settings are the defaults.
        key: of the widgets.
    """
    settings = station.settings
    offered = {one.model.key: one for one in ranked(catalogue().values(), settings)}
    keys = list(offered)
    writer = st.selectbox(
        t("writers.writer"),
        keys,
        index=keys.index(settings.llm_model) if settings.llm_model in keys else 0,
        format_func=lambda option: writer_name(offered[option]),
        key=f"{key}-writer",
        persist_state="session",
    )
    language = ask_language(station, key)
    lacking = offered[writer].missing
    if lacking:
        what = plain("; ".join(map(lack_label, lacking)))
        st.caption(f":material/block: {t('writers.missing', what=what)}")
    return WriterChoice(writer=writer, language=language)


def ask_language(station: Station, key: str) -> Language:
    """Ask for the language of the report."""
    return st.segmented_control(
        t("writers.language"),
        list(LANGUAGES),
        default=station.settings.report_language,
        format_func=lambda option: LANGUAGES[option],
        required=True,
        key=f"{key}-language",
        persist_state="session",
    )


def writer_name(offered: Availability) -> str:
    """Name a writer, and say whether it can run."""
    if offered.can_run:
        return writer_title(offered.model)
    return t("writers.not_set_up", title=writer_title(offered.model))


def show_writing(revision: Revision) -> None:
    """Show how a draft came to be, and why another than the chosen writer wrote it."""
    writing = revision.writing
    if writing is None:
        return
    reason = plain(writing.reason)
    if writing.fell_back:
        st.warning(
            t("writers.fell_back", writer=plain(writing.writer), reason=reason),
            icon=":material/undo:",
        )
    elif writing.outcome is Outcome.REPAIRED:
        st.caption(t("writers.repaired", reason=reason))
    elif writing.reason:
        st.caption(reason)
    facts = [writing.model or t("writers.offline"), f"{number(writing.seconds, 1)} s"]
    if writing.model and writing.input_tokens is not None and writing.output_tokens is not None:
        facts.append(
            t(
                "writers.tokens",
                read=number(writing.input_tokens),
                written=number(writing.output_tokens),
            )
        )
    if writing.model and writing.cost_usd is not None:
        facts.append(f"{number(writing.cost_usd, 4)} USD")
    if writing.from_cache:
        facts.append(t("writers.kept"))
    facts.append(
        t("writers.prompt", version=writing.prompt_version, hash=writing.prompt_sha256[:8])
    )
    st.caption(plain(" · ".join(facts)))


def write_again_button(station: Station, inspection: Inspection) -> None:
    """Offer to write the report again, by any writer; earlier drafts stay.

    A model writes in the background: its report is not lost when the tab is closed.
    """
    panel = st.popover(
        t("writers.again"), icon=":material/edit_note:", key="write-again", on_change="rerun"
    )
    if not panel.open:
        return
    with panel:
        asked = ask_writer(station, f"again-{inspection.id}")
        choice = asked.model_copy(update={"fresh": True})
        reason = ""
        if inspection.signed is not None:
            st.caption(f":material/lock: {t('writers.signed', number=inspection.signed.number)}")
            reason = st.text_input(t("form.reason"), key=f"again-{inspection.id}-reason")
        pressed = st.button(t("writers.write"), key=f"again-{inspection.id}-go", type="primary")
    if pressed:
        with shown_to_the_operator():
            if is_slow(station, choice):
                write_later(station, inspection, choice, person_of(), reason)
            else:
                draft_report(station, inspection, choice, reason=reason)
            st.rerun()
