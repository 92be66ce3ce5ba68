"""Tables whose numbers stand as the console's language writes them, and are sorted as numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pages.texts import number


def localised(rows: Sequence[Mapping[str, Any]], digits: Mapping[str, int]) -> object:
    """Write numbers of a table in the console's language: a browser may have another one.

    Args:
        rows: values by the names of the columns.
        digits: behind the decimal mark, of each column of numbers.

    Returns:
        What `st.dataframe` shows: pandas' table with a style.
    """
    import pandas

    table = pandas.DataFrame(list(rows))
    shown = {name: partial(number, digits=count) for name, count in digits.items() if name in table}
    return table.style.format(shown, na_rep="")
