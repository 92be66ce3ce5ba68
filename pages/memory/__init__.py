"""What a browser remembers of the person who uses it, in cookies: no account is needed.

A session begins with what the cookies say; what is chosen later holds in this session at once, and
in every new tab of the browser.
"""

from __future__ import annotations

import json
from urllib.parse import quote, unquote

import streamlit as st

COOKIE = "inspection-{name}"
KEPT_S = 365 * 24 * 3600
UNWRITTEN = "cookies-to-write"


def remembered(name: str) -> str:
    """Look up what was chosen last in this session, else in this browser; empty: nothing."""
    key = _key(name)
    if key not in st.session_state:
        st.session_state[key] = unquote(st.context.cookies.get(COOKIE.format(name=name), ""))
    return st.session_state[key]


def remember(name: str, value: str) -> None:
    """Keep a choice for this session, and for the browser when `write_cookies` is called."""
    if value != remembered(name):
        st.session_state[_key(name)] = value
        st.session_state.setdefault(UNWRITTEN, {})[name] = value


def write_cookies() -> None:
    """Have the browser keep what was chosen since the last call."""
    unwritten: dict[str, str] = st.session_state.pop(UNWRITTEN, {})
    if unwritten:
        lines = "".join(
            f"document.cookie = {json.dumps(_cookie(*item))};" for item in unwritten.items()
        )
        st.html(f"<script>{lines}</script>", unsafe_allow_javascript=True)


def _key(name: str) -> str:
    return f"browser-{name}"


def _cookie(name: str, value: str) -> str:
    # Quoted, a value can neither end the cookie nor the script.
    named = f"{COOKIE.format(name=name)}={quote(value, safe='')}"
    return f"{named}; path=/; max-age={KEPT_S}; SameSite=Lax"
