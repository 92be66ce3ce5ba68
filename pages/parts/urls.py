"""Choices that stand in the URL by their value: Streamlit's own binding writes their text there,
which differs from language to language and may hold counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal
from urllib.parse import quote

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx


def choice_in_url(
    label: str,
    options: Sequence[str],
    name_of: Callable[[str], str],
    key: str,
    *,
    label_visibility: Literal["visible", "collapsed"] = "visible",
    stretch: bool = False,
) -> str:
    """Ask for one of a few options, the first unless the URL says otherwise.

    Args:
        label: of the choice.
        options: values, as they stand in the URL.
        name_of: the text of a value.
        key: of the widget, and of the URL's parameter.
        label_visibility: as Streamlit has it.
        stretch: over the whole width.
    """
    chosen = st.segmented_control(
        label,
        options,
        format_func=name_of,
        required=True,
        key=key,
        on_change=_follow_the_url(key, options, options[0]),
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
    """Ask for one of many options, or none.

    Args:
        label: of the choice.
        options: values, as they stand in the URL.
        name_of: the text of a value.
        key: of the widget, and of the URL's parameter.
        placeholder: what stands there while none is chosen.
    """
    return st.selectbox(
        label,
        options,
        index=None,
        format_func=name_of,
        key=key,
        placeholder=placeholder,
        on_change=_follow_the_url(key, options, None),
    )


def item_in_url(
    label: str, options: Sequence[str], name_of: Callable[[str], str], key: str, default: str
) -> str:
    """Ask for one of many options, the default unless the URL says otherwise.

    Args:
        label: of the choice.
        options: values, as they stand in the URL.
        name_of: the text of a value.
        key: of the widget, and of the URL's parameter.
        default: one of the options.
    """
    return st.selectbox(
        label,
        options,
        format_func=name_of,
        key=key,
        on_change=_follow_the_url(key, options, default),
    )


def text_in_url(label: str, key: str, *, placeholder: str, width: int) -> str:
    """Ask for a text, as the URL says until a person types another.

    Streamlit's own binding would keep it for the page's next visit, when the other choices are new.

    Args:
        label: of the field.
        key: of the widget, and of the URL's parameter.
        placeholder: what stands there while it is empty.
        width: in pixels.
    """
    if key not in st.session_state or has_come_back():
        st.session_state[key] = st.query_params.get(key, "")
    return st.text_input(
        label, key=key, placeholder=placeholder, width=width, on_change=partial(_keep, key, "")
    )


def inspection_link(inspection_id: str) -> str:
    """Return the link to an inspection, from any page and under any base path."""
    return f"./?inspection={quote(inspection_id, safe='')}"


def has_come_back() -> bool:
    """Say whether this run of the page is due to the browser's Back or Forward."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def follow_the_url(key: str, name: str, options: Sequence[str], start: str | None) -> bool:
    """Give a widget the URL's value when the page is come to, by link or by Back; else leave it.

    Returns whether it was given what the URL names.

    Args:
        key: of the widget.
        name: of the URL's parameter.
        options: values that the widget may have.
        start: value where the URL names none of them.
    """
    if not (has_come_back() or key not in st.session_state or _is_unknown(key, options)):
        return False
    asked = st.query_params.get(name)
    is_named = asked in options
    st.session_state[key] = asked if is_named else start
    return is_named


def _is_unknown(key: str, options: Sequence[str]) -> bool:
    value = st.session_state[key]
    return value is not None and value not in options


def _follow_the_url(key: str, options: Sequence[str], default: str | None) -> Callable[[], None]:
    """Give the widget the URL's value, or the default; what is returned writes the URL.

    A value that is no option leaves the URL: nothing is chosen by it.
    """
    follow_the_url(key, key, options, default)
    if st.session_state[key] is None:
        st.session_state[key] = default
    asked = st.query_params.get(key)
    if asked is not None and asked not in options:
        del st.query_params[key]

    return partial(_keep, key, default)


def _keep(key: str, default: str | None) -> None:
    """Write the widget's value into the URL, unless it is the default."""
    if st.session_state[key] == default:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = st.session_state[key]
