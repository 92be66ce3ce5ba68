"""The product that a person works with: chosen on one page, it stays chosen on all of them.

A URL that names a product chooses it; a new tab begins with the one chosen last in this browser.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.memory import remember, remembered
from pages.parts.urls import follow_the_url, has_come_back
from pages.parts.words import plain
from pages.texts import t

RECENT = "products-chosen"
MOST_RECENT = 10


def ask_product(
    label: str,
    options: Sequence[str],
    key: str,
    *,
    name: str = "product",
    opened: str | None = None,
    width: int | None = None,
) -> str | None:
    """Ask for one product; None where the URL names one that is not among them.

    Args:
        label: of the choice.
        options: keys of products, at least one.
        key: of the widget, which is of this page alone.
        name: of the URL's parameter.
        opened: product of what is open on the page: it is meant where the URL names none.
        width: in pixels; None: that of the container.
    """
    asked = st.query_params.get(name)
    if asked is not None and asked not in options:
        start = None
    else:
        known = (opened, *_recent(), options[0])
        start = next(product for product in known if product in options)
    if key in st.session_state and has_come_back() and asked is None:
        start = st.session_state[key] or start
    _follow(key, name, options, start)
    chosen = st.selectbox(
        label,
        options,
        index=None if st.session_state[key] is None else 0,
        key=key,
        placeholder=t("products.choose"),
        on_change=_take,
        args=(key, name),
        width=width or "stretch",
    )
    if chosen is None:
        st.info(
            t("products.unknown_product", product=plain(asked or "")), icon=":material/category:"
        )
    return chosen


def ask_product_or_all(
    label: str, options: Sequence[str], key: str, *, name: str = "product", placeholder: str
) -> str | None:
    """Ask for one product or all of them; None: all.

    Args:
        label: of the choice.
        options: keys of products.
        key: of the widget, which is of this page alone.
        name: of the URL's parameter.
        placeholder: what stands there while all are meant.
    """
    newest = next(iter(_recent()), None)
    is_here = key in st.session_state
    means_all = remembered("all-products") or newest not in options or is_here
    _follow(key, name, options, None if means_all else newest)
    return st.selectbox(
        label,
        options,
        index=None,
        key=key,
        placeholder=placeholder,
        on_change=_take,
        args=(key, name),
    )


def choose_product(product: str | None) -> None:
    """Choose a product for every page; None: all of them, where a page can show all."""
    remember("all-products", "" if product else "yes")
    if product:
        others = [each for each in _recent() if each != product]
        st.session_state[RECENT] = [product, *others][:MOST_RECENT]
        remember("product", product)


def show_product(product: str | None, key: str, name: str) -> None:
    """Choose a product for every page, and have this page's widget and URL show it."""
    st.session_state[key] = product
    _take(key, name)


def _follow(key: str, name: str, options: Sequence[str], start: str | None) -> None:
    """Give the widget the URL's product, which is then chosen, or the one to start with."""
    if follow_the_url(key, name, options, start):
        choose_product(st.session_state[key])


def _take(key: str, name: str) -> None:
    """Take what was chosen in a page's widget for every page, and write it to the URL."""
    product = st.session_state[key]
    choose_product(product)
    if product is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = product


def _recent() -> list[str]:
    """List the products chosen in this session, the newest first, else the last in this browser."""
    kept = remembered("product")
    return st.session_state.get(RECENT) or ([kept] if kept else [])
