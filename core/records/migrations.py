"""The shape of the database, grown by small numbered steps that are never edited again.

Times are plain TIMESTAMPs in UTC: DuckDB's own time zones need an extension from the net.
"""

from __future__ import annotations

from datetime import UTC, datetime

from duckdb import DuckDBPyConnection

from core.domain.errors import RecordsError
from core.records.migration_of_standing import add_costs, add_standing


def migrate(connection: DuckDBPyConnection) -> None:
    """Apply the steps that a database has not seen, each in a transaction of its own.

    Raises:
        RecordsError: if a newer program has been at the database.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations "
        "(number INTEGER PRIMARY KEY, name VARCHAR, applied_at TIMESTAMP)"
    )
    row = connection.execute("SELECT coalesce(max(number), 0) FROM migrations").fetchone()
    done = row[0] if row else 0
    if done > len(MIGRATIONS):
        raise RecordsError(
            f"The records were written by a newer version of this program (step {done}, known up "
            f"to {len(MIGRATIONS)}). Update this program; nothing was changed."
        )
    for number, step in enumerate(MIGRATIONS[done:], start=done + 1):
        connection.execute("BEGIN")
        step(connection)
        connection.execute(
            "INSERT INTO migrations VALUES (?, ?, ?)",
            [number, step.__name__, datetime.now(UTC).replace(tzinfo=None)],
        )
        connection.execute("COMMIT")


def create_products(connection: DuckDBPyConnection) -> None:
    connection.execute(
        """
        CREATE TABLE products (
            key VARCHAR PRIMARY KEY,
            dataset VARCHAR NOT NULL,
            category VARCHAR NOT NULL,
            mm_per_px DOUBLE
        )
        """
    )


def create_inspections(connection: DuckDBPyConnection) -> None:
    connection.execute(
        """
        CREATE TABLE inspections (
            id VARCHAR PRIMARY KEY,
            created_at TIMESTAMP NOT NULL,
            product_key VARCHAR NOT NULL,
            lot VARCHAR NOT NULL,
            serial VARCHAR NOT NULL,
            station VARCHAR NOT NULL,
            inspector VARCHAR NOT NULL,
            verdict VARCHAR NOT NULL,
            score DOUBLE NOT NULL,
            t_low DOUBLE NOT NULL,
            t_high DOUBLE NOT NULL,
            percentile DOUBLE NOT NULL,
            filename VARCHAR NOT NULL,
            image_sha256 VARCHAR NOT NULL,
            map_sha256 VARCHAR NOT NULL,
            algorithm VARCHAR NOT NULL,
            version VARCHAR NOT NULL,
            backbone VARCHAR NOT NULL,
            product JSON NOT NULL,
            image JSON NOT NULL,
            false_alarm JSON NOT NULL,
            steps JSON NOT NULL
        )
        """
    )


def create_defects(connection: DuckDBPyConnection) -> None:
    connection.execute(
        """
        CREATE TABLE defects (
            inspection_id VARCHAR NOT NULL,
            position INTEGER NOT NULL,
            id VARCHAR NOT NULL,
            severity VARCHAR NOT NULL,
            region VARCHAR NOT NULL,
            area_px BIGINT NOT NULL,
            area_percent DOUBLE NOT NULL,
            area_mm2 DOUBLE,
            centroid_x DOUBLE NOT NULL,
            centroid_y DOUBLE NOT NULL,
            peak DOUBLE NOT NULL,
            mean DOUBLE NOT NULL,
            shape JSON NOT NULL,
            PRIMARY KEY (inspection_id, position)
        )
        """
    )


def create_evidence(connection: DuckDBPyConnection) -> None:
    connection.execute(
        """
        CREATE TABLE evidence (
            inspection_id VARCHAR NOT NULL,
            kind VARCHAR NOT NULL,
            position INTEGER NOT NULL,
            reference VARCHAR NOT NULL,
            similarity DOUBLE NOT NULL,
            content JSON NOT NULL,
            PRIMARY KEY (inspection_id, kind, position)
        )
        """
    )


def create_revisions(connection: DuckDBPyConnection) -> None:
    connection.execute(
        """
        CREATE TABLE revisions (
            inspection_id VARCHAR NOT NULL,
            number INTEGER NOT NULL,
            kind VARCHAR NOT NULL,
            author VARCHAR NOT NULL,
            created_at TIMESTAMP NOT NULL,
            sha256 VARCHAR NOT NULL,
            report JSON NOT NULL,
            PRIMARY KEY (inspection_id, number)
        )
        """
    )


def create_dispositions(connection: DuckDBPyConnection) -> None:
    connection.execute(
        """
        CREATE TABLE dispositions (
            inspection_id VARCHAR NOT NULL,
            number INTEGER NOT NULL,
            disposition VARCHAR NOT NULL,
            reason VARCHAR NOT NULL,
            decided_by VARCHAR NOT NULL,
            decided_at TIMESTAMP NOT NULL,
            PRIMARY KEY (inspection_id, number)
        )
        """
    )


def create_events(connection: DuckDBPyConnection) -> None:
    connection.execute("CREATE SEQUENCE event_numbers")
    connection.execute(
        """
        CREATE TABLE events (
            number BIGINT PRIMARY KEY DEFAULT nextval('event_numbers'),
            happened_at TIMESTAMP NOT NULL,
            kind VARCHAR NOT NULL,
            subject VARCHAR NOT NULL,
            actor VARCHAR NOT NULL,
            detail JSON NOT NULL
        )
        """
    )


def add_map_thresholds(connection: DuckDBPyConnection) -> None:
    """Scores and maps may have scales of their own; until now they shared one."""
    connection.execute("ALTER TABLE inspections ADD COLUMN map_t_low DOUBLE")
    connection.execute("ALTER TABLE inspections ADD COLUMN map_t_high DOUBLE")
    connection.execute("ALTER TABLE inspections ADD COLUMN is_unlike BOOLEAN DEFAULT false")
    connection.execute("UPDATE inspections SET map_t_low = t_low, map_t_high = t_high")


def add_likeness(connection: DuckDBPyConnection) -> None:
    """How near the nearest normal is; not known of what was inspected until now."""
    connection.execute("ALTER TABLE inspections ADD COLUMN likeness JSON")


def add_defect_types(connection: DuckDBPyConnection) -> None:
    """Which defect types fit; inspections from before were not asked."""
    connection.execute("ALTER TABLE inspections ADD COLUMN defect_types JSON DEFAULT '[]'")


def add_writings(connection: DuckDBPyConnection) -> None:
    """How drafts were written and what the grounding check says; not known of older ones."""
    connection.execute("ALTER TABLE revisions ADD COLUMN writing JSON")
    connection.execute("ALTER TABLE revisions ADD COLUMN remarks JSON")
    connection.execute("ALTER TABLE revisions ADD COLUMN violations INTEGER")


def create_answers(connection: DuckDBPyConnection) -> None:
    """Answers of report writers, by the hash of all that they were asked."""
    connection.execute(
        """
        CREATE TABLE answers (
            question_sha256 VARCHAR PRIMARY KEY,
            created_at TIMESTAMP NOT NULL,
            report JSON NOT NULL,
            writing JSON NOT NULL
        )
        """
    )


def create_contests(connection: DuckDBPyConnection) -> None:
    """Detectors and writers that ran side by side on one picture, and which one was chosen."""
    connection.execute(
        """
        CREATE TABLE contests (
            id VARCHAR PRIMARY KEY,
            created_at TIMESTAMP NOT NULL,
            product_key VARCHAR NOT NULL,
            image_sha256 VARCHAR NOT NULL,
            inspection_id VARCHAR,
            chosen INTEGER,
            chosen_by VARCHAR NOT NULL DEFAULT '',
            chosen_at TIMESTAMP
        )
        """
    )
    connection.execute(
        """
        CREATE TABLE contestants (
            contest_id VARCHAR NOT NULL,
            position INTEGER NOT NULL,
            detector VARCHAR NOT NULL,
            writer VARCHAR NOT NULL,
            content JSON NOT NULL,
            PRIMARY KEY (contest_id, position)
        )
        """
    )


def create_preferences(connection: DuckDBPyConnection) -> None:
    """Settings that were changed in the console."""
    connection.execute(
        """
        CREATE TABLE preferences (
            name VARCHAR PRIMARY KEY,
            value JSON NOT NULL,
            changed_at TIMESTAMP NOT NULL,
            changed_by VARCHAR NOT NULL
        )
        """
    )


def create_jobs(connection: DuckDBPyConnection) -> None:
    """Long work in the background, queued, running and ended."""
    connection.execute("CREATE SEQUENCE job_numbers")
    connection.execute(
        """
        CREATE TABLE jobs (
            number BIGINT DEFAULT nextval('job_numbers'),
            id VARCHAR PRIMARY KEY,
            kind VARCHAR NOT NULL,
            title VARCHAR NOT NULL,
            who VARCHAR NOT NULL,
            created_at TIMESTAMP NOT NULL,
            queued_at TIMESTAMP NOT NULL,
            started_at TIMESTAMP,
            ended_at TIMESTAMP,
            state VARCHAR NOT NULL,
            is_stopping BOOLEAN NOT NULL DEFAULT false,
            step VARCHAR NOT NULL DEFAULT '',
            step_started_at TIMESTAMP,
            done_at_start DOUBLE NOT NULL DEFAULT 0,
            done DOUBLE NOT NULL DEFAULT 0,
            total DOUBLE NOT NULL DEFAULT 1,
            reported_at TIMESTAMP,
            arguments JSON NOT NULL,
            result JSON NOT NULL DEFAULT '{}',
            error VARCHAR NOT NULL DEFAULT ''
        )
        """
    )


def create_known_defects(connection: DuckDBPyConnection) -> None:
    """Labelled pictures of bad parts, and what versions of the detector say of known ones."""
    connection.execute(
        """
        CREATE TABLE known_defects (
            product_key VARCHAR NOT NULL,
            image_sha256 VARCHAR NOT NULL,
            filename VARCHAR NOT NULL,
            labelled_by VARCHAR NOT NULL,
            labelled_at TIMESTAMP NOT NULL,
            PRIMARY KEY (product_key, image_sha256)
        )
        """
    )
    connection.execute(
        """
        CREATE TABLE known_scores (
            product_key VARCHAR NOT NULL,
            version VARCHAR NOT NULL,
            image_sha256 VARCHAR NOT NULL,
            score DOUBLE NOT NULL,
            PRIMARY KEY (product_key, version, image_sha256)
        )
        """
    )


MIGRATIONS = (
    create_products,
    create_inspections,
    create_defects,
    create_evidence,
    create_revisions,
    create_dispositions,
    create_events,
    add_map_thresholds,
    add_likeness,
    add_defect_types,
    add_writings,
    create_answers,
    create_contests,
    create_preferences,
    create_jobs,
    add_standing,
    add_costs,
    create_known_defects,
)
