"""Choices that stand in the URL by their value: Streamlit's own binding writes their text there,
which differs from language to language and may hold counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st


def choice_in_url(
    label: str,
    options: Sequence[str],
    name_of: Callable[[str], str],
    key: str,
    *,
    label_visibility: Literal["visible", "collapsed"] = "visible",
    stretch: bool = False,
) -> str:
    """One of a few options, the first unless the URL says otherwise.

    Args:
        label: of the choice.
        options: values, as they stand in the URL.
        name_of: the text of a value.
        key: of the widget, and of the URL's parameter.
        label_visibility: as Streamlit has it.
        stretch: over the whole width.
    """
    asked = st.query_params.get(key)
    if key not in st.session_state and asked in options:
        st.session_state[key] = asked
    st.session_state.setdefault(key, options[0])

    def keep() -> None:
        if st.session_state[key] == options[0]:
            st.query_params.pop(key, None)
        else:
            st.query_params[key] = st.session_state[key]

    chosen = st.segmented_control(
        label,
        options,
        format_func=name_of,
        required=True,
        key=key,
        on_change=keep,
        label_visibility=label_visibility,
        width="stretch" if stretch else "content",
    )
    return chosen or options[0]


def option_in_url(
    label: str,
    options: Sequence[str],
    name_of: Callable[[str], str],
    key: str,
    *,
    placeholder: str,
) -> str | None:
    """One of many options, or none; `forget` empties it.

    Args:
        label: of the choice.
        options: values, as they stand in the URL.
        name_of: the text of a value.
        key: of the widget, and of the URL's parameter.
        placeholder: what stands there while none is chosen.
    """
    asked = st.query_params.get(key)
    if key not in st.session_state and asked in options:
        st.session_state[key] = asked

    def keep() -> None:
        if st.session_state[key] is None:
            st.query_params.pop(key, None)
        else:
            st.query_params[key] = st.session_state[key]

    return st.selectbox(
        label,
        options,
        index=None,
        format_func=name_of,
        key=key,
        placeholder=placeholder,
        on_change=keep,
    )
