"""The navigation shell: run on every rerun, before the page that is open."""

from __future__ import annotations

import streamlit as st

from pages.memory import write_cookies
from pages.texts import t

st.set_page_config(
    page_title="Smart Factory Anomaly Reporting",
    page_icon=":material/frame_inspect:",
    layout="wide",
)

page = st.navigation(
    [
        st.Page(
            "inspect.py",
            title=t("console.inspect"),
            icon=":material/frame_inspect:",
            url_path="start",
            default=True,
        ),
        # What is shown at the root has no other address, and links name its page all the same.
        st.Page("inspect.py", title=t("console.inspect"), url_path="inspect", visibility="hidden"),
        st.Page("review.py", title=t("console.review"), icon=":material/rule:"),
        st.Page("compare.py", title=t("console.compare"), icon=":material/compare:"),
        st.Page("history.py", title=t("console.history"), icon=":material/history:"),
        st.Page("quality.py", title=t("console.quality"), icon=":material/monitoring:"),
        st.Page("knowledge.py", title=t("console.knowledge"), icon=":material/menu_book:"),
        st.Page("products.py", title=t("console.products"), icon=":material/category:"),
        st.Page("models.py", title=t("console.models"), icon=":material/smart_toy:"),
        st.Page("settings.py", title=t("console.settings"), icon=":material/settings:"),
        st.Page("benchmarks.py", title=t("console.benchmarks"), icon=":material/speed:"),
        st.Page("health.py", title=t("console.health"), icon=":material/monitor_heart:"),
    ],
    position="top",
)
page.run()
write_cookies()
