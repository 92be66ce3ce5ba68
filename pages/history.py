"""History: every inspection on record, the newest first."""

from __future__ import annotations

import streamlit as st

from core.workbench import shared_workbench
from pages.parts.errors import shown_to_the_operator

PAGE = 50
EVERY = "all products"

with shown_to_the_operator():
    records = shared_workbench().records
    keys = [product.key for product in records.products()]
    choice = st.selectbox("Product", [EVERY, *keys], width=320)
    key = None if choice == EVERY else choice
    count = records.count(key)
    if count == 0:
        st.info(
            "Nothing was inspected yet. Start on the Inspect page.", icon=":material/frame_inspect:"
        )
    else:
        pages = -(-count // PAGE)
        number = st.pagination(pages, key=f"page-{choice}") if pages > 1 else 1
        summaries = records.summaries(product_key=key, limit=PAGE, offset=PAGE * (number - 1))
        event = st.dataframe(
            [
                {
                    "Verdict": summary.verdict.value,
                    "Disposition": summary.disposition.value if summary.disposition else "open",
                    "Product": summary.product_key,
                    "Picture": summary.filename,
                    "Lot": summary.lot,
                    "Serial": summary.serial,
                    "Score": round(summary.score, 3),
                    "Defects": summary.defect_count,
                    "Time (UTC)": f"{summary.created_at:%Y-%m-%d %H:%M:%S}",
                    "Number": summary.id,
                }
                for summary in summaries
            ],
            hide_index=True,
            height=560,
            on_select="rerun",
            selection_mode="single-row",
            alt=f"{len(summaries)} of {count} inspections",
        )
        st.caption(f"{count} on record. Choose a row to open its inspection.")
        if event.selection.rows:
            opened = summaries[event.selection.rows[0]].id
            st.switch_page("inspect.py", query_params={"inspection": opened})
