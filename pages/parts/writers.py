"""Who writes a report and in which language, and the draft while it is being written."""

from __future__ import annotations

import threading
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from core.domain import Inspection, Language, Outcome, Revision
from core.report_desk import WriterChoice, draft_report
from core.reporting.answers import prose_so_far
from core.reporting.availability import Availability, ranked
from core.reporting.catalogue import catalogue
from core.workbench import Workbench
from pages.parts.errors import shown_to_the_operator
from pages.parts.words import plain

LANGUAGES = {
    Language.ENGLISH: "English",
    Language.KOREAN: "한국어",
    Language.GERMAN: "Deutsch",
}


def ask_writer(bench: Workbench, key: str) -> WriterChoice:
    """Writer and language, those that can run here first; what the chosen one lacks is said.

    Args:
        bench: whose settings are the defaults.
        key: of the widgets.
    """
    settings = bench.settings
    offered = {one.model.key: one for one in ranked(catalogue().values(), settings)}
    keys = list(offered)
    writer = st.selectbox(
        "Report writer",
        keys,
        index=keys.index(settings.llm_model) if settings.llm_model in keys else 0,
        format_func=lambda option: writer_name(offered[option]),
        key=f"{key}-writer",
        persist_state="session",
    )
    language = ask_language(bench, key)
    lacking = offered[writer].missing
    if lacking:
        st.caption(
            f":material/block: Cannot run here; missing: {plain('; '.join(lacking))}. "
            "The offline composer would write instead."
        )
    return WriterChoice(writer, language)


def ask_language(bench: Workbench, key: str) -> Language:
    """Language of the report."""
    return st.segmented_control(
        "Report language",
        list(LANGUAGES),
        default=bench.settings.report_language,
        format_func=lambda option: LANGUAGES[option],
        required=True,
        key=f"{key}-language",
        persist_state="session",
    )


def writer_name(offered: Availability) -> str:
    """Title of a writer, and whether it can run."""
    return offered.model.title if offered.can_run else f"{offered.model.title} (not set up)"


def show_writing(revision: Revision) -> None:
    """How a draft came to be, and why another than the chosen writer wrote it."""
    writing = revision.writing
    if writing is None:
        return
    if writing.outcome is Outcome.FELL_BACK:
        st.warning(
            f"{plain(writing.writer)} gave no usable report, so the offline composer wrote it. "
            f"{plain(writing.reason)}",
            icon=":material/undo:",
        )
    elif writing.outcome is Outcome.REPAIRED:
        st.caption(f"The first answer was broken and was mended: {plain(writing.reason)}")
    elif writing.reason:
        st.caption(plain(writing.reason))
    facts = [writing.model or "offline composer", f"{writing.seconds:.1f} s"]
    if writing.input_tokens is not None and writing.output_tokens is not None:
        facts.append(f"{writing.input_tokens:,} + {writing.output_tokens:,} tokens")
    if writing.model and writing.cost_usd is not None:
        facts.append(f"{writing.cost_usd:.4f} USD")
    if writing.from_cache:
        facts.append("kept answer, not asked again")
    facts.append(f"prompt {writing.prompt_version} ({writing.prompt_sha256[:8]})")
    st.caption(plain(" · ".join(facts)))


def write_again_button(bench: Workbench, inspection: Inspection) -> None:
    """Have the report written anew, by any writer; the drafts before it stay."""
    with st.popover("Write again", icon=":material/edit_note:"):
        choice = ask_writer(bench, f"again-{inspection.id}")
        pressed = st.button("Write the report", key=f"again-{inspection.id}-go", type="primary")
        place = st.empty()
        if pressed:
            place.caption("Writing …")
    if pressed:
        with shown_to_the_operator():
            draft_report(bench, inspection, replace(shown_in(place, choice), fresh=True))
            st.rerun()


def shown_in(place: DeltaGenerator, choice: WriterChoice) -> WriterChoice:
    """The same choice, whose answer is shown in a place while it comes, and the queue before it."""
    context = get_script_run_ctx()

    def show(text: str) -> None:
        # A local model may call from a thread of its own, which Streamlit does not know.
        add_script_run_ctx(threading.current_thread(), context)
        place.text(text)

    return replace(
        choice,
        on_answer=lambda text: show(prose_so_far(text) or "The answer begins …"),
        on_wait=lambda before: show(f"Waiting for the local model; {before} before you."),
    )
