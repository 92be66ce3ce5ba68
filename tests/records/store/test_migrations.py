"""The schema is made once, grows by named steps, and refuses what it does not know."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import duckdb
import pytest
from duckdb import DuckDBPyConnection

from core.domain import Finding, Report, RevisionKind
from core.domain.errors import RecordsError
from core.infrastructure.settings import Settings
from core.records.inspections import load_inspection, save_inspection
from core.records.revisions import add_revision
from core.records.search import Filter, search
from core.records.store.database import Database, insert
from core.records.store.migrations import MIGRATIONS, migrate
from tests.records import examples

KNOWN = [migration.__name__ for migration in MIGRATIONS]


@pytest.fixture
def path(empty_settings: Settings) -> Path:
    """The file of a station whose records hold one inspection."""
    with Database.open(empty_settings) as records:
        save_inspection(records, examples.inspection())
    return empty_settings.records_path


@pytest.fixture
def connection(path: Path) -> Generator[DuckDBPyConnection]:
    with duckdb.connect(path) as connection:
        yield connection


def add_colour(connection: DuckDBPyConnection) -> None:
    """A step that a later version might take."""
    connection.execute("ALTER TABLE products ADD COLUMN colour VARCHAR DEFAULT 'grey'")
    connection.execute("INSERT INTO products VALUES ('Plant/plate', 'Plant', 'plate', 0.1, 'red')")


def add_colour_and_fail(connection: DuckDBPyConnection) -> None:
    """A step that breaks off half-way."""
    add_colour(connection)
    connection.execute("SELECT no_such_column FROM products")


def applied(connection: DuckDBPyConnection) -> list[str]:
    rows = connection.execute("SELECT name FROM applied_migrations ORDER BY applied_at").fetchall()
    return [name for (name,) in rows]


def tables(connection: DuckDBPyConnection) -> list[tuple[str, str]]:
    """Every table with the statement that makes it."""
    return connection.execute(
        "SELECT table_name, sql FROM duckdb_tables() ORDER BY table_name"
    ).fetchall()


def test_an_empty_file_gets_the_whole_schema() -> None:
    with duckdb.connect() as connection:
        migrate(connection, Path("records.duckdb"))

        assert applied(connection) == KNOWN
        assert {name for name, _ in tables(connection)} == {
            *("answers", "applied_migrations", "corrections", "defects"),
            *("dispositions", "drafts", "events", "evidence", "inspections", "jobs"),
            *("known_defects", "known_scores"),
            *("known_types", "preferences", "products", "revisions"),
            *("side_by_side_columns", "side_by_sides"),
        }


def test_applied_again_nothing_changes(connection: DuckDBPyConnection, path: Path) -> None:
    query = "SELECT * FROM applied_migrations"
    before = tables(connection), connection.execute(query).fetchall()

    migrate(connection, path)

    assert (tables(connection), connection.execute(query).fetchall()) == before
    assert connection.execute("SELECT count(*) FROM inspections").fetchall() == [(1,)]


def test_a_later_migration_is_applied_to_an_existing_file_once(
    connection: DuckDBPyConnection, path: Path
) -> None:
    for _ in range(2):
        migrate(connection, path, [*MIGRATIONS, add_colour])

    assert applied(connection) == [*KNOWN, "add_colour"]
    assert connection.execute("SELECT key, colour FROM products").fetchall() == [
        ("Plant/plate", "red")
    ]
    assert connection.execute("SELECT count(*) FROM inspections").fetchall() == [(1,)]


def test_reports_signed_before_their_lock_are_known_as_signed(
    connection: DuckDBPyConnection, path: Path, empty_settings: Settings
) -> None:
    connection.execute("ALTER TABLE inspections DROP COLUMN signed_revision")
    connection.execute("ALTER TABLE revisions DROP COLUMN reason")
    connection.execute("DROP TABLE drafts")
    connection.execute("UPDATE revisions SET kind = 'signed'")
    connection.execute("DELETE FROM applied_migrations WHERE name = 'lock_signed_reports'")
    connection.close()

    with Database.open(empty_settings) as records:
        (summary,) = search(records, Filter(signed=True))
        assert summary.signed_revision == 1
        assert load_inspection(records, summary.id).signed is not None


def test_a_migration_that_fails_leaves_nothing_half_done(
    connection: DuckDBPyConnection, path: Path
) -> None:
    before = tables(connection)

    with pytest.raises(duckdb.Error, match="no_such_column"):
        migrate(connection, path, [*MIGRATIONS, add_colour_and_fail])

    assert tables(connection) == before
    assert connection.execute("SELECT * FROM products").fetchall() == []
    assert applied(connection) == KNOWN
    migrate(connection, path, [*MIGRATIONS, add_colour])
    assert applied(connection) == [*KNOWN, "add_colour"]


def test_open_audits_of_before_are_sealed_and_decided_ones_were_not_blind() -> None:
    with duckdb.connect() as connection:
        migrate(connection, Path("records.duckdb"), MIGRATIONS[:1])
        facts: dict[str, object] = dict.fromkeys(
            (
                *("program_version", "product_key", "lot", "serial", "station", "inspector"),
                *("filename", "image_sha256", "map_sha256", "algorithm", "version", "backbone"),
            ),
            "x",
        )
        facts |= dict.fromkeys(("score", "t_low", "t_high", "map_t_low", "map_t_high"), 1.0)
        facts |= dict.fromkeys(("product", "image", "false_alarm", "defect_types", "steps"), "{}")
        facts |= {"verdict": "PASS", "is_unlike": False, "percentile": 1.0, "is_first": True}
        facts |= {"width": 1, "height": 1, "defect_count": 0, "created_at": "2026-11-24"}
        for name, is_audited, disposition in (
            ("open", True, None),
            ("decided", True, "use as is"),
            ("not drawn", False, None),
        ):
            row = facts | {"id": name, "is_audited": is_audited, "disposition": disposition}
            insert(connection, "inspections", [row])

        migrate(connection, Path("records.duckdb"))

        sealed = connection.execute("SELECT id FROM inspections WHERE is_sealed").fetchall()
        blind = connection.execute(
            "SELECT id FROM inspections WHERE blind_disposition IS NOT NULL"
        ).fetchall()
    assert sealed == [("open",)]
    assert blind == []


def test_a_schema_that_fails_leaves_an_empty_file() -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE preferences (mine VARCHAR)")

        with pytest.raises(duckdb.Error, match="preferences"):
            migrate(connection, Path("records.duckdb"))

        assert [name for name, _ in tables(connection)] == ["applied_migrations", "preferences"]
        assert applied(connection) == []


def test_inspections_of_before_corrections_are_read(
    connection: DuckDBPyConnection, path: Path, empty_settings: Settings
) -> None:
    connection.execute("DROP TABLE corrections")
    connection.execute("ALTER TABLE inspections DROP COLUMN is_corrected")
    connection.execute("ALTER TABLE inspections DROP COLUMN seen_before")
    connection.execute("DELETE FROM applied_migrations WHERE name = 'add_corrections'")
    connection.close()

    with Database.open(empty_settings) as records:
        (summary,) = search(records)
        assert not summary.is_corrected
        found = load_inspection(records, summary.id)
        assert (found.corrections, found.seen_before) == ((), None)


def test_types_that_persons_named_before_are_confirmed(
    connection: DuckDBPyConnection, path: Path, empty_settings: Settings
) -> None:
    connection.close()
    with Database.open(empty_settings) as records:
        for name, kind, named in (
            ("edited", RevisionKind.EDITED, "Crack"),
            ("drafted", RevisionKind.DRAFTED, "Crack"),
            ("signed", RevisionKind.SIGNED, "no such type"),
        ):
            save_inspection(records, examples.inspection(name))
            finding = Finding(defect_ids=("D1",), observation="x", probable_defect_type=named)
            report = Report(summary="x", findings=(finding,))
            add_revision(records, name, report, kind, "Ana")
    with duckdb.connect(path) as before:
        before.execute("ALTER TABLE inspections DROP COLUMN is_type_confirmed")
        before.execute("DELETE FROM applied_migrations WHERE name = 'tell_confirmed_types'")

    with Database.open(empty_settings) as records:
        found = records.rows("SELECT id FROM inspections WHERE is_type_confirmed")

    assert [row["id"] for row in found] == ["edited"]


def test_records_of_a_newer_program_are_refused(path: Path, empty_settings: Settings) -> None:
    with duckdb.connect(path) as connection:
        migrate(connection, path, [*MIGRATIONS, add_colour])

    with pytest.raises(RecordsError, match=r"newer version .*it applied add_colour"):
        Database.open(empty_settings)

    with duckdb.connect(path) as connection:
        assert applied(connection) == [*KNOWN, "add_colour"]


def test_records_of_before_the_first_release_are_refused_and_left_alone(
    empty_settings: Settings,
) -> None:
    path = empty_settings.records_path
    path.parent.mkdir(parents=True)
    with duckdb.connect(path) as connection:
        connection.execute(
            "CREATE TABLE migrations (number INTEGER PRIMARY KEY, name VARCHAR, "
            "applied_at TIMESTAMP)"
        )
        connection.execute("INSERT INTO migrations VALUES (1, 'create_products', NULL)")
        connection.execute("CREATE TABLE products (key VARCHAR PRIMARY KEY)")
    before = path.read_bytes()

    with pytest.raises(RecordsError, match=r"before 0\.1\.0.* Nothing was changed") as said:
        Database.open(empty_settings)

    assert str(path) in str(said.value)
    assert "DATA_DIR" in str(said.value)
    assert path.read_bytes() == before
