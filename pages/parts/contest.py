"""A contest: maps, verdicts and reports side by side, the choice, and who wins how often."""

from __future__ import annotations

import html

import streamlit as st

from core.contests import choose
from core.documents import PDF_OVERLAY_OPACITY, overlay_png
from core.domain import Contest, Contestant
from core.records.contests import win_rates
from core.reporting.differences import fields, marked
from core.workbench import Workbench
from pages.parts.errors import shown_to_the_operator
from pages.parts.words import plain, verdict_text

IN_A_ROW = 3


def show_contest(bench: Workbench, contest: Contest) -> None:
    """Every contestant; words that the first report does not have are underlined."""
    st.markdown(
        f"**{contest.product_key}** · picture {contest.image_sha256[:16]} · {contest.id} · "
        f"{contest.created_at:%Y-%m-%d %H:%M} UTC"
    )
    if len(contest.contestants) > 1:
        st.caption("Underlined: what the first report does not say.")
    _choice(bench, contest)
    for start in range(0, len(contest.contestants), IN_A_ROW):
        row = contest.contestants[start : start + IN_A_ROW]
        columns = st.columns(min(IN_A_ROW, len(contest.contestants)), gap="medium")
        for number, (column, contestant) in enumerate(zip(columns, row, strict=False), start):
            with column:
                _contestant(bench, contest, number, contestant)


def show_win_rates(bench: Workbench) -> None:
    """How often each detector and writer was chosen over another of its kind."""
    rates = win_rates(bench.records)
    if not rates:
        return
    with st.expander("Chosen so far"):
        st.dataframe(
            [
                {
                    "Kind": rate.kind,
                    "Name": rate.name,
                    "Chosen": rate.won,
                    "Of": rate.decided,
                    "Share": f"{rate.won / rate.decided:.0%}",
                }
                for rate in rates
            ],
            hide_index=True,
            alt="How often each detector and writer was chosen",
        )


def _choice(bench: Workbench, contest: Contest) -> None:
    if contest.chosen is not None:
        name = contest.contestants[contest.chosen].name
        st.success(
            f"{plain(contest.chosen_by)} chose {contest.chosen + 1}: {name}.",
            icon=":material/check:",
        )
        return
    row = st.form(f"choice-{contest.id}")
    with row.container(horizontal=True, vertical_alignment="bottom"):
        position = st.selectbox(
            "Make this one the report",
            range(len(contest.contestants)),
            format_func=lambda index: f"{index + 1}: {contest.contestants[index].name}",
        )
        person = st.text_input("Your name", value=st.session_state.get("person", ""))
        pressed = st.form_submit_button("Choose", icon=":material/check:")
    if pressed:
        with shown_to_the_operator():
            inspection = choose(bench, contest.id, position, person)
            st.session_state["person"] = person
            st.switch_page("inspect.py", query_params={"inspection": inspection.id})


def _contestant(bench: Workbench, contest: Contest, number: int, contestant: Contestant) -> None:
    judgement = contestant.inspection.judgement
    mark = " :material/check:" if contest.chosen == number else ""
    st.markdown(f"##### {number + 1}: {contestant.name}{mark}")
    st.image(
        overlay_png(bench, contestant.inspection, opacity=PDF_OVERLAY_OPACITY),
        alt=f"Anomaly map of {contestant.detector}: {judgement.verdict.value}, "
        f"{len(contestant.inspection.defects)} defects",
    )
    st.markdown(
        f"{verdict_text(judgement.verdict)} · score {judgement.score:.3f}, review from "
        f"{judgement.t_low:.3f}, fail from {judgement.t_high:.3f} · "
        f"{len(contestant.inspection.defects)} defects"
    )
    _facts(contestant)
    _report(contest.contestants[0] if number else None, contestant)
    for remark in contestant.remarks:
        icon = "warning" if remark.is_violation else "psychology"
        quoted = f"“{plain(remark.sentence)}” " if remark.sentence else ""
        st.caption(f":material/{icon}: **{remark.rule.value}** {quoted}— {plain(remark.message)}")


def _facts(contestant: Contestant) -> None:
    writing = contestant.writing
    tokens = (
        "tokens not told"
        if writing.input_tokens is None or writing.output_tokens is None
        else f"{writing.input_tokens:,} + {writing.output_tokens:,} tokens"
    )
    cost = "cost not known" if writing.cost_usd is None else f"{writing.cost_usd:.4f} USD"
    st.caption(
        f"{writing.outcome.value} · {writing.seconds:.1f} s · {tokens} · {cost} · "
        f"{len(contestant.violations)} violations"
    )
    if writing.reason:
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
