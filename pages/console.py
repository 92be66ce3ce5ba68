"""The navigation shell: run on every rerun, before the page that is open."""

from __future__ import annotations

import streamlit as st

st.set_page_config(
    page_title="Smart Factory Anomaly Reporting",
    page_icon=":material/frame_inspect:",
    layout="wide",
)

page = st.navigation(
    [
        st.Page("inspect.py", title="Inspect", icon=":material/frame_inspect:", default=True),
        st.Page("compare.py", title="Compare", icon=":material/compare:"),
        st.Page("history.py", title="History", icon=":material/history:"),
        st.Page("knowledge.py", title="Knowledge", icon=":material/menu_book:"),
        st.Page("products.py", title="Products", icon=":material/category:"),
    ],
    position="top",
)
page.run()
