"""Write a table of the database as a workbook that a spreadsheet shows and never calculates."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain.errors import OutputError

if TYPE_CHECKING:
    import duckdb
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

# What the format holds: rows of a sheet, characters of a cell.
MOST_ROWS = 1_048_576
MOST_CHARACTERS = 32_767
ROWS_AT_ONCE = 10_000
# Nothing that looks like a formula, a link or a number is taken for one.
AS_IT_IS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


def write_workbook(found: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write what a query found to an XLSX file, row by row: it may be larger than memory.

    A text is a cell of type text, quoted, so that it stays text if a person edits it: `=1+1`,
    `0007` and `1E5` are shown as they were typed. Times are cells of their own kind, in UTC.

    Raises:
        OutputError: if a sheet cannot hold so many rows.
    """
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), AS_IT_IS | {"tmpdir": str(path.parent)}) as book:
        sheet = book.add_worksheet("inspections")
        text = book.add_format({"num_format": "@", "quote_prefix": True})
        time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        for column, name in enumerate(found.description or ()):
            sheet.write_string(0, column, name[0])
        row = 0
        while rows := found.fetchmany(ROWS_AT_ONCE):
            for values in rows:
                row += 1
                if row >= MOST_ROWS:
                    raise OutputError(
                        f"A sheet holds {MOST_ROWS - 1} rows, and there are more inspections than "
                        "that. Narrow the filter, or export as CSV or Parquet."
                    )
                for column, value in enumerate(values):
                    _write(sheet, row, column, value, text, time)


def _write(
    sheet: Worksheet, row: int, column: int, value: object, text: Format, time: Format
) -> None:
    match value:
        case None:
            return
        case bool():
            sheet.write_boolean(row, column, value)
        case int() | float():
            sheet.write_number(row, column, value)
        case datetime():
            sheet.write_datetime(row, column, value, time)
        case _:
            sheet.write_string(row, column, str(value)[:MOST_CHARACTERS], text)
