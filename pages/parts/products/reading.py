"""How the values of a product's pictures are read, where their files leave it open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import streamlit as st

from core.domain.reading import BayerPattern, Reading, ValueBits
from pages.texts import t


@dataclass(frozen=True)
class AskedReading:
    """What a person entered; nothing where the pictures are to tell."""

    bits: ValueBits | None
    low: float | None
    high: float | None
    bayer: BayerPattern | None

    def stated(self) -> dict[str, Reading]:
        """Return what it adds to a lesson: nothing, or the reading.

        Raises:
            ProductError: if the range is none.
        """
        if self == AskedReading(None, None, None, None):
            return {}
        return {"reading": Reading.stated(self.bits, self.low, self.high, self.bayer)}


def ask_reading() -> AskedReading:
    """Ask for depth, range and Bayer pattern of raw pictures."""
    with st.expander(t("products.reading"), icon=":material/exposure:"):
        st.caption(t("products.reading_help"))
        bits = st.selectbox(
            t("products.bits"),
            [None, *get_args(ValueBits)],
            format_func=lambda bits: t("products.by_pictures") if bits is None else str(bits),
        )
        low = st.number_input(t("products.black"), value=None, format="%g")
        high = st.number_input(t("products.white"), value=None, format="%g")
        bayer = st.selectbox(
            t("products.bayer"),
            [None, *get_args(BayerPattern)],
            format_func=lambda pattern: pattern or t("products.not_raw"),
        )
    return AskedReading(bits, low, high, bayer)
