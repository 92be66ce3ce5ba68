"""What an operator sees when something cannot be done: its sentence, never a traceback."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import streamlit as st

from core.domain.errors import InspectionError


@contextmanager
def shown_to_the_operator() -> Generator[None]:
    """Show an error raised inside as its message."""
    try:
        yield
    except InspectionError as error:
        st.error(str(error), icon=":material/error:")
