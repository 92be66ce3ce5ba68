"""Which browser a session belongs to: a reload makes a new session in the same browser."""

from __future__ import annotations

import streamlit as st

from core.infrastructure.browser_cookie import BROWSER_COOKIE, BROWSER_NAME, new_browser_name


def browser_id() -> str:
    """Find the browser's name; of one that keeps no cookies, the session's."""
    named = str(st.context.cookies.get(BROWSER_COOKIE))
    # What a browser sends may be anything.
    if BROWSER_NAME.fullmatch(named):
        return named
    return st.session_state.setdefault("browser", new_browser_name())
