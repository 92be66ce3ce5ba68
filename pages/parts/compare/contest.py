"""A contest: maps, verdicts and reports side by side, the choice, and who wins how often."""

from __future__ import annotations

import html

import streamlit as st

from core.domain import Contest, Contestant
from core.records.side_by_side import win_rates
from core.reporting.catalogue import catalogue
from core.reporting.differences import fields, marked
from core.services.inspection_images import PDF_OVERLAY_OPACITY, overlay_png
from core.services.side_by_side import choose
from core.services.station import Station
from pages.parts.errors import shown_to_the_operator
from pages.parts.words import person_of, plain, verdict_text
from pages.texts import number, percentage, t, when
from pages.texts.labels import label

CONTESTANTS_A_ROW = 3
KINDS = {"detector": lambda: t("contest.detector"), "writer": lambda: t("contest.writer")}


def show_contest(station: Station, contest: Contest) -> None:
    """Show every contestant; words that the first report does not have are underlined."""
    filename = plain(contest.contestants[0].inspection.image.filename)
    st.markdown(
        f"**{contest.product_key}** · {t('contest.picture', name=filename)} · "
        f"{contest.id} · {when(contest.created_at)}"
    )
    if len(contest.contestants) > 1:
        st.caption(t("contest.underlined"))
    _choice(station, contest)
    for start in range(0, len(contest.contestants), CONTESTANTS_A_ROW):
        row = contest.contestants[start : start + CONTESTANTS_A_ROW]
        columns = st.columns(min(CONTESTANTS_A_ROW, len(contest.contestants)), gap="medium")
        for place, (column, contestant) in enumerate(zip(columns, row, strict=False), start):
            with column:
                _contestant(station, contest, place, contestant)


def show_win_rates(station: Station) -> None:
    """Show how often each detector and writer was chosen over another of its kind."""
    rates = win_rates(station.records)
    if not rates:
        return
    with st.expander(t("contest.chosen_so_far")):
        st.dataframe(
            [
                {
                    t("contest.kind"): KINDS[rate.kind](),
                    t("contest.name"): rate.name,
                    t("contest.chosen"): rate.won,
                    t("contest.of"): rate.decided,
                    t("contest.share"): percentage(rate.won / rate.decided, 0),
                }
                for rate in rates
            ],
            hide_index=True,
            alt=t("contest.rates_alt"),
        )


def _name(contestant: Contestant) -> str:
    """Name the detector, and who wrote in the end."""
    if not contestant.writing.fell_back:
        return contestant.name
    failed = t("contest.failed", writer=_title(contestant.writer))
    return f"{contestant.detector}/{failed}"


def _title(writer: str) -> str:
    """Name a writer as the catalogue does; by its key where it has left the catalogue."""
    model = catalogue().get(writer)
    return writer if model is None else model.title


def _choice(station: Station, contest: Contest) -> None:
    if contest.chosen is not None:
        name = plain(_name(contest.contestants[contest.chosen]))
        st.success(
            t(
                "contest.who_chose",
                person=plain(contest.chosen_by),
                number=contest.chosen + 1,
                name=name,
            ),
            icon=":material/check:",
        )
        return
    row = st.form(f"choice-{contest.id}")
    with row.container(horizontal=True, vertical_alignment="bottom"):
        position = st.selectbox(
            t("contest.make_report"),
            range(len(contest.contestants)),
            format_func=lambda index: f"{index + 1}: {_name(contest.contestants[index])}",
        )
        person = st.text_input(t("contest.your_name"), value=person_of())
        pressed = st.form_submit_button(t("contest.choose"), icon=":material/check:")
    if pressed:
        with shown_to_the_operator():
            inspection = choose(station, contest.id, position, person)
            st.session_state["person"] = person
            st.switch_page("inspect.py", query_params={"inspection": inspection.id})


def _contestant(station: Station, contest: Contest, place: int, contestant: Contestant) -> None:
    judgement = contestant.inspection.judgement
    mark = " :material/check:" if contest.chosen == place else ""
    st.markdown(f"##### {place + 1}: {plain(_name(contestant))}{mark}")
    st.image(
        overlay_png(station, contestant.inspection, opacity=PDF_OVERLAY_OPACITY),
        alt=t(
            "contest.map_alt",
            detector=contestant.detector,
            verdict=label(judgement.verdict),
            count=len(contestant.inspection.defects),
        ),
    )
    st.markdown(
        f"{verdict_text(judgement.verdict)} · "
        + t(
            "contest.score",
            score=number(judgement.score, 3),
            low=number(judgement.t_low, 3),
            high=number(judgement.t_high, 3),
            count=len(contestant.inspection.defects),
        )
    )
    _facts(contestant)
    _report(contest.contestants[0] if place else None, contestant)
    for remark in contestant.remarks:
        icon = "warning" if remark.is_violation else "psychology"
        quoted = f"“{plain(remark.sentence)}” " if remark.sentence else ""
        st.caption(f":material/{icon}: **{remark.rule.value}** {quoted}— {plain(remark.message)}")


def _facts(contestant: Contestant) -> None:
    writing = contestant.writing
    tokens = (
        t("contest.tokens_unknown")
        if writing.input_tokens is None or writing.output_tokens is None
        else t(
            "contest.tokens",
            read=number(writing.input_tokens),
            written=number(writing.output_tokens),
        )
    )
    cost = (
        t("contest.cost_unknown")
        if writing.cost_usd is None
        else f"{number(writing.cost_usd, 4)} USD"
    )
    violations = t("contest.violations", count=len(contestant.violations))
    st.caption(
        f"{writing.outcome.value} · {number(writing.seconds, 1)} s · {tokens} · {cost} · "
        f"{violations}"
    )
    if writing.fell_back:
        st.warning(
            t(
                "writers.fell_back",
                writer=plain(_title(writing.writer)),
                reason=plain(writing.reason),
            ),
            icon=":material/undo:",
        )
    elif writing.reason:
        st.caption(plain(writing.reason))


def _report(first: Contestant | None, contestant: Contestant) -> None:
    others = fields(first.report) if first else {}
    for name, text in fields(contestant.report).items():
        if not text:
            continue
        pieces = marked(text, others.get(name, "")) if first else [(text, False)]
        words = "".join(
            f"<u>{html.escape(piece)}</u>" if is_own else html.escape(piece)
            for piece, is_own in pieces
        )
        st.html(f"<strong>{html.escape(name)}</strong><br>{words.replace(chr(10), '<br>')}")
