"""How the values of a product's pictures are read, where their files leave it open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import streamlit as st

from core.domain.reading import BayerPattern, Reading, ValueBits
from pages.parts.numbers import number_field
from pages.texts import t


@dataclass(frozen=True)
class AskedReading:
    """What a person entered; nothing where the pictures are to tell."""

    bits: ValueBits | None
    low: Callable[[], float | None]
    high: Callable[[], float | None]
    bayer: BayerPattern | None

    def stated(self) -> dict[str, Reading]:
        """Return what it adds to a lesson: nothing, or the reading.

        Raises:
            NumberError: if an end of the range is no number.
            ProductError: if the range is none.
        """
        stated = (self.bits, self.low(), self.high(), self.bayer)
        return {} if stated == (None, None, None, None) else {"reading": Reading.stated(*stated)}


def ask_reading() -> AskedReading:
    """Ask for depth, range and Bayer pattern of raw pictures."""
    with st.expander(t("products.reading"), icon=":material/exposure:"):
        st.caption(t("products.reading_help"))
        bits = st.selectbox(
            t("products.bits"),
            [None, *get_args(ValueBits)],
            format_func=lambda bits: t("products.by_pictures") if bits is None else str(bits),
        )
        low = number_field(t("products.black"), None)
        high = number_field(t("products.white"), None)
        bayer = st.selectbox(
            t("products.bayer"),
            [None, *get_args(BayerPattern)],
            format_func=lambda pattern: pattern or t("products.not_raw"),
        )
    return AskedReading(bits, low, high, bayer)
