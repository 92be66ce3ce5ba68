"""Models: the report writers, what each lacks to run here, a trial of it, and what they cost."""

from __future__ import annotations

import streamlit as st

from core.records.running import writing_costs
from core.records.search import Filter
from core.records.side_by_side import win_rates
from core.reporting.availability import Availability, ranked
from core.reporting.catalogue import Model, catalogue
from core.reporting.writers.local import LOCAL_MODELS
from core.reporting.writers.trial import try_writer
from core.services.station import Station
from core.tasks.shared_station import shared_station
from pages.parts.errors import shown_to_the_operator
from pages.parts.tables import localised
from pages.parts.words import plain
from pages.parts.writer_words import licence_text, writer_title
from pages.texts import date_text, number, percentage, t
from pages.texts.labels import label_of, lack_label

REFRESH_S = 2.0


def choose_a_writer(station: Station) -> Availability | None:
    """Show the catalogue and return the writer whose row or link was chosen."""
    offered = ranked(catalogue().values(), station.settings)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            t("models.search"), key="words", bind="query-params", width=320, live=True
        )
        only = st.toggle(t("models.only"), key="only", bind="query-params")
    shown = [one for one in offered if _is_meant(one, words) and (one.can_run or not only)]
    event = st.dataframe(
        [_row(one, station.settings.llm_model) for one in shown],
        hide_index=True,
        height=400,
        on_select="rerun",
        selection_mode="single-row",
        key=f"writers-{words}-{only}",
        column_config={
            t("models.title"): st.column_config.TextColumn(width="medium", pinned=True),
            t("models.missing"): st.column_config.TextColumn(width="medium"),
        },
        alt=t("models.table", count=number(len(shown))),
    )
    st.caption(
        t(
            "models.counted",
            shown=number(len(shown)),
            count=number(len(offered)),
            running=number(sum(one.can_run for one in offered)),
        )
    )
    chosen = shown[event.selection.rows[0]].model.key if event.selection.rows else None
    # A selection opens its writer once; later the URL decides, so that links keep working.
    if chosen != st.session_state.get("chosen-writer"):
        st.session_state["chosen-writer"] = chosen
        if chosen is not None:
            st.query_params["writer"] = chosen
    named = st.query_params.get("writer", station.settings.llm_model)
    return next((one for one in offered if one.model.key == named), None)


def _is_meant(one: Availability, words: str) -> bool:
    model = one.model
    text = " ".join(
        (
            writer_title(model),
            model.title,
            model.key,
            model.family,
            model.runs,
            label_of("Runs", model.runs),
            model.licence,
            licence_text(model),
        )
    ).lower()
    return all(word in text for word in words.lower().split())


def _row(one: Availability, present: str) -> dict[str, object]:
    model = one.model
    return {
        t("models.title"): writer_title(model) + (" ★" if model.key == present else ""),
        t("models.ready"): "✓" if one.can_run else "–",
        t("models.missing"): "; ".join(map(lack_label, one.missing)),
        t("models.family"): model.family,
        t("models.runs"): label_of("Runs", model.runs),
        t("models.pictures"): number(model.most_pictures) if model.images else "–",
        t("models.price"): _prices(model),
        t("models.memory"): "–" if model.memory_gb is None else number(model.memory_gb, 1),
        t("models.licence"): licence_text(model),
        t("models.retires"): "" if model.retires is None else date_text(model.retires),
    }


def _prices(model: Model) -> str:
    if model.runs == "this machine":
        return "–"
    if model.price_input is None or model.price_output is None:
        return "?"
    return f"{number(model.price_input, 2)} / {number(model.price_output, 2)}"


def show_writer(station: Station, one: Availability) -> None:
    """Show what a writer is and what it lacks, and ask it one question."""
    model = one.model
    st.markdown(f"#### {plain(writer_title(model))}")
    st.caption(plain(f"{model.key} · {label_of('Runs', model.runs)} · {licence_text(model)}"))
    if one.can_run:
        st.success(t("models.can_run"), icon=":material/check_circle:")
    else:
        missing = "\n".join(f"- {plain(lack_label(phrase))}" for phrase in one.missing)
        st.warning(f"{t('models.lacks')}\n{missing}", icon=":material/block:")
    if model.price_as_of:
        st.caption(t("models.price_as_of", day=model.price_as_of))
    st.caption(t("models.test_help"))
    if st.button(
        t("models.test"), icon=":material/send:", type="primary", disabled=not one.can_run
    ):
        with shown_to_the_operator():
            _show_trial(station, model)


def _show_trial(station: Station, model: Model) -> None:
    with st.spinner(t("models.asking", title=writer_title(model)), show_time=True):
        trial = try_writer(model, station.settings)
    with st.container(horizontal=True):
        st.metric(t("models.time"), f"{number(trial.seconds, 1)} s")
        st.metric(
            t("models.tokens"), f"{_count(trial.input_tokens)} + {_count(trial.output_tokens)}"
        )
        cost = "?" if trial.cost_usd is None else f"{number(trial.cost_usd, 5)} USD"
        st.metric(t("models.cost"), cost)
    if trial.is_as_asked:
        st.success(t("models.answered"), icon=":material/mark_chat_read:")
    elif model.is_offline:
        st.info(t("models.composed"), icon=":material/mark_chat_read:")
    else:
        st.warning(t("models.answered_otherwise"), icon=":material/mark_chat_unread:")
    st.text(trial.text)
    if trial.is_cut:
        st.caption(t("models.cut"))


def _count(tokens: int | None) -> str:
    return "?" if tokens is None else number(tokens)


@st.fragment(run_every=REFRESH_S)
def show_local() -> None:
    """Show the local model in memory and its queue, as they are now."""
    held, waiting, is_busy = LOCAL_MODELS.held_gb(), LOCAL_MODELS.waiting(), LOCAL_MODELS.is_busy()
    with st.container(border=True):
        st.markdown(f"##### {t('models.local')}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.metric(t("models.held"), f"{number(held, 1)} GB" if held else t("models.nothing"))
            st.metric(t("models.waiting"), number(waiting))
            st.metric(t("models.state"), t("models.busy") if is_busy else t("models.idle"))
            if st.button(
                t("models.release"),
                icon=":material/memory:",
                disabled=is_busy or not held,
                help=t("models.release_help"),
            ):
                LOCAL_MODELS.release()
                st.rerun(scope="fragment")


def show_costs(station: Station) -> None:
    """Show what the drafts of each writer cost so far."""
    st.markdown(f"##### {t('models.costs')}")
    costs = writing_costs(station.records, Filter())
    if not costs:
        st.caption(t("models.no_costs"))
        return
    rows = []
    for writer in sorted({each.writer for each in costs}):
        own = [each for each in costs if each.writer == writer]
        rows.append(
            {
                t("models.writer"): writer,
                t("models.drafts"): sum(each.drafts for each in own),
                t("models.from_cache"): sum(each.from_cache for each in own),
                t("models.tokens_in"): sum(each.input_tokens for each in own),
                t("models.tokens_out"): sum(each.output_tokens for each in own),
                "USD": sum(each.cost_usd for each in own),
                t("models.unpriced"): sum(each.unpriced for each in own),
            }
        )
    digits = {
        t("models.drafts"): 0,
        t("models.from_cache"): 0,
        t("models.tokens_in"): 0,
        t("models.tokens_out"): 0,
        "USD": 4,
        t("models.unpriced"): 0,
    }
    st.dataframe(localised(rows, digits), hide_index=True, height="content", alt=t("models.costs"))
    total = number(sum(each.cost_usd for each in costs), 4)
    st.caption(t("models.total", usd=total))


def show_win_rates(station: Station) -> None:
    """Show how often each writer was chosen over another."""
    st.markdown(f"##### {t('models.wins')}")
    writers = [rate for rate in win_rates(station.records) if rate.kind == "writer"]
    if not writers:
        st.caption(t("models.no_wins"))
        return
    st.dataframe(
        [
            {
                t("models.writer"): rate.name,
                t("models.won"): t(
                    "models.won_of", won=number(rate.won), decided=number(rate.decided)
                ),
                t("models.share"): percentage(rate.won / rate.decided, 0),
            }
            for rate in writers
        ],
        hide_index=True,
        height="content",
        alt=t("models.wins"),
    )


with shown_to_the_operator():
    station = shared_station()
    listing, detail = st.columns([13, 8], gap="medium")
    with listing:
        writer = choose_a_writer(station)
    with detail:
        if writer is None:
            st.info(t("models.choose"), icon=":material/smart_toy:")
        else:
            with shown_to_the_operator():
                show_writer(station, writer)
        show_local()
    spent, won = st.columns([13, 8], gap="medium")
    with spent, shown_to_the_operator():
        show_costs(station)
    with won, shown_to_the_operator():
        show_win_rates(station)
