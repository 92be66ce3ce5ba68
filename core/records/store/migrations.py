"""Bring the database to the present schema by small named steps, each remembered by its name.

To change the schema after a release, write a function here that takes the connection, and append it
to `MIGRATIONS`. Do not edit or rename one that was released: the databases that it was applied to
remember its name and will not apply it again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from duckdb import DuckDBPyConnection

from core.domain import defect_type_name
from core.domain.errors import RecordsError
from core.records.store.schema import SCHEMA


class Migration(Protocol):
    """A function that changes the schema; the database remembers its name."""

    __name__: str

    def __call__(self, connection: DuckDBPyConnection, /) -> None: ...


def create_schema(connection: DuckDBPyConnection) -> None:
    """Create every table of version 0.1.0."""
    for statements in SCHEMA:
        connection.execute(statements)


def seal_open_audits(connection: DuckDBPyConnection) -> None:
    """Keep which findings are hidden until a person has decided, and which decisions were blind.

    Decisions of before count as made with the finding in view: nothing says otherwise.
    """
    for statement in (
        "ALTER TABLE dispositions ADD COLUMN is_blind BOOLEAN DEFAULT false",
        "ALTER TABLE inspections ADD COLUMN is_sealed BOOLEAN DEFAULT false",
        "ALTER TABLE inspections ADD COLUMN blind_disposition VARCHAR",
        "UPDATE inspections SET is_sealed = true WHERE is_audited AND disposition IS NULL",
    ):
        connection.execute(statement)


def add_corrections(connection: DuckDBPyConnection) -> None:
    """Keep corrections of lot, serial and product, and when a picture was seen before."""
    connection.execute(
        """
        CREATE TABLE corrections (
            inspection_id VARCHAR NOT NULL,
            number INTEGER NOT NULL,
            corrected_by VARCHAR NOT NULL,
            corrected_at TIMESTAMP NOT NULL,
            reason VARCHAR NOT NULL,
            before JSON NOT NULL,
            after JSON NOT NULL,
            PRIMARY KEY (inspection_id, number)
        )
        """
    )
    connection.execute("ALTER TABLE inspections ADD COLUMN is_corrected BOOLEAN DEFAULT false")
    connection.execute("ALTER TABLE inspections ADD COLUMN seen_before TIMESTAMP")


def tell_confirmed_types(connection: DuckDBPyConnection) -> None:
    """Keep whether a person named the defect type, in the newest report edited or signed."""
    connection.execute("ALTER TABLE inspections ADD COLUMN is_type_confirmed BOOLEAN DEFAULT false")
    known: dict[str, set[str]] = {}
    for product_key, name in connection.execute("SELECT * FROM known_types").fetchall():
        known.setdefault(product_key, set()).add(name)
    reports = connection.execute(
        """
        SELECT inspections.id, product_key, arg_max(report, number)
        FROM revisions JOIN inspections ON inspections.id = inspection_id
        WHERE kind <> 'drafted' AND defect_count > 0 GROUP BY ALL
        """
    ).fetchall()
    confirmed = [
        inspection_id
        for inspection_id, product_key, report in reports
        if any(
            defect_type_name(finding["probable_defect_type"]) in known.get(product_key, ())
            for finding in json.loads(report)["findings"]
        )
    ]
    connection.execute(
        "UPDATE inspections SET is_type_confirmed = true WHERE id IN (SELECT unnest(?::VARCHAR[]))",
        [confirmed],
    )


def lock_signed_reports(connection: DuckDBPyConnection) -> None:
    """Keep which revision was signed last, why another followed it, and texts not saved yet."""
    connection.execute("ALTER TABLE revisions ADD COLUMN reason VARCHAR DEFAULT ''")
    connection.execute("ALTER TABLE inspections ADD COLUMN signed_revision INTEGER")
    connection.execute(
        """
        UPDATE inspections SET signed_revision = signed.number FROM (
            SELECT inspection_id, max(number) AS number FROM revisions WHERE kind = 'signed'
            GROUP BY inspection_id
        ) AS signed WHERE signed.inspection_id = inspections.id
        """
    )
    connection.execute(
        """
        CREATE TABLE drafts (
            browser VARCHAR NOT NULL,
            inspection_id VARCHAR NOT NULL,
            revision INTEGER NOT NULL,
            after INTEGER NOT NULL,
            reason VARCHAR NOT NULL,
            fields JSON NOT NULL,
            kept_at TIMESTAMP NOT NULL,
            PRIMARY KEY (browser, inspection_id)
        )
        """
    )


def tell_whole_jobs(connection: DuckDBPyConnection) -> None:
    """Keep how much of a whole job is done, over all its steps."""
    connection.execute("ALTER TABLE jobs ADD COLUMN whole DOUBLE DEFAULT 0")


def add_concessions(connection: DuckDBPyConnection) -> None:
    """Keep the number of the concession by which a nonconforming part is used."""
    connection.execute("ALTER TABLE dispositions ADD COLUMN concession VARCHAR DEFAULT ''")


MIGRATIONS: tuple[Migration, ...] = (
    create_schema,
    seal_open_audits,
    add_corrections,
    tell_confirmed_types,
    lock_signed_reports,
    tell_whole_jobs,
    add_concessions,
)


def migrate(
    connection: DuckDBPyConnection, path: Path, migrations: Sequence[Migration] = MIGRATIONS
) -> None:
    """Apply the migrations that a database has not seen, each in a transaction of its own.

    Args:
        connection: to the database.
        path: of its file, for the operator.
        migrations: all that this program knows, in order.

    Raises:
        RecordsError: if a program before version 0.1.0 or a newer one has written the database.
    """
    _refuse_unreleased(connection, path)
    connection.execute(
        "CREATE TABLE IF NOT EXISTS applied_migrations "
        "(name VARCHAR PRIMARY KEY, applied_at TIMESTAMP NOT NULL)"
    )
    applied = {
        name for (name,) in connection.execute("SELECT name FROM applied_migrations").fetchall()
    }
    _refuse_newer(applied, path, migrations)
    for migration in migrations:
        if migration.__name__ not in applied:
            _apply(connection, migration)


def _apply(connection: DuckDBPyConnection, migration: Migration) -> None:
    connection.execute("BEGIN")
    try:
        migration(connection)
        connection.execute(
            "INSERT INTO applied_migrations VALUES (?, ?)",
            [migration.__name__, datetime.now(UTC).replace(tzinfo=None)],
        )
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _refuse_unreleased(connection: DuckDBPyConnection, path: Path) -> None:
    """Refuse a database that counted its migrations, as programs did before version 0.1.0."""
    counted = connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE table_name = 'migrations'"
    ).fetchone()
    if counted:
        raise RecordsError(
            f"The records in {path} were made by a version of this program before 0.1.0, which "
            "this version cannot read. Nothing was changed. Move the file to another folder, or "
            "set DATA_DIR to another one, and start again with empty records; the version that "
            "made them can still open them."
        )


def _refuse_newer(applied: set[str], path: Path, migrations: Sequence[Migration]) -> None:
    unknown = sorted(applied - {migration.__name__ for migration in migrations})
    if unknown:
        raise RecordsError(
            f"The records in {path} were written by a newer version of this program (it applied "
            f"{', '.join(unknown)}, which this version does not know). Update this program; "
            "nothing was changed."
        )
