"""Write inspections as one table to a file, by the database itself."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import duckdb

from core.domain.errors import OutputError
from core.records.search import NEWEST_FIRST, Filter, listed
from core.records.store.database import Database
from core.records.workbooks import write_workbook

# Columns with texts of persons or files; the others are the program's own.
TYPED_IN = ("lot", "serial", "station", "inspector", "filename", "defect_type", "reason")
# What a spreadsheet takes for the start of a formula (OWASP, CSV Injection), full-width forms
# included.
FORMULA = "[=+\\-@\\t\\r\\n＝＋－＠]"
COLUMNS = """
    inspections.id, created_at AS created_at_utc, product_key, {lot}, {serial}, {station},
    {inspector}, {filename}, image_sha256, algorithm, version, program_version, {verdict}, {score},
    t_low, t_high, {percentile}, {defect_count}, {defect_type}, is_audited,
    inspections.disposition, {reason}, {decided_by}, inspections.decided_at AS decided_at_utc,
    blind_disposition, signed_revision, {signed_by}, signed_at AS signed_at_utc,
    is_first, seen_before AS seen_before_utc, is_corrected
"""
# Empty while the finding is sealed.
FOUND = ("verdict", "score", "percentile", "defect_count", "defect_type")


def write_table(
    database: Database, filter: Filter, path: Path, kind: Literal["csv", "parquet", "xlsx"]
) -> None:
    """Write the inspections that a filter means to a file, the newest first.

    In CSV a text that begins like a formula gets an apostrophe before it: a spreadsheet then shows
    it and does not run it. Parquet keeps every text as it was typed, and so does XLSX, in cells
    that are marked as text. Of a part whose finding is sealed for an audit, the columns of the
    finding are empty.

    Raises:
        OutputError: if the file cannot be written.
    """
    condition, values = listed(filter)
    columns = {name: f"inspections.{name}" for name in (*TYPED_IN, *FOUND)}
    columns |= {"decided_by": "by_whom", "signed_by": "signer"}
    for name in (*TYPED_IN, "decided_by", "signed_by"):
        columns[name] = _harmless(columns[name], kind)
    for name in FOUND:
        columns[name] = f"CASE WHEN NOT is_sealed THEN {columns[name]} END"
    named = {name: f"{column} AS {name}" for name, column in columns.items()}
    query = f"""
        SELECT {COLUMNS.format(**named)}
        FROM inspections LEFT JOIN (
            SELECT inspection_id, arg_max(decided_by, number) AS by_whom
            FROM dispositions GROUP BY inspection_id
        ) AS decisions ON decisions.inspection_id = inspections.id
        LEFT JOIN (
            SELECT inspection_id, number, author AS signer, revisions.created_at AS signed_at
            FROM revisions
        ) AS signed
        ON signed.inspection_id = inspections.id AND signed.number = inspections.signed_revision
        WHERE {condition} {NEWEST_FIRST}
    """
    with database.reading() as cursor:
        try:
            match kind:
                case "csv":
                    cursor.sql(query, params=values).write_csv(str(path))
                case "parquet":
                    cursor.sql(query, params=values).write_parquet(str(path))
                case "xlsx":
                    write_workbook(cursor.execute(query, values), path)
        except duckdb.IOException as error:
            raise OutputError(
                f"The table could not be written ({str(error).splitlines()[0]}). Free space or "
                "correct the folder's rights, and export again."
            ) from error


def _harmless(text: str, kind: str) -> str:
    if kind != "csv":
        return text
    return f"CASE WHEN regexp_matches({text}, '^{FORMULA}') THEN '''' || {text} ELSE {text} END"
