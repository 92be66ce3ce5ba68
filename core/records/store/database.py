"""Open, read and write one DuckDB file from several threads of one process."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import duckdb

from core.domain.errors import RecordsError
from core.infrastructure.settings import Settings
from core.records.store.migrations import migrate
from core.records.store.rows import Row
from core.records.store.sentences import ignoring_a_dead_transaction, in_sentences, why_not_opened

# A station is often offline: DuckDB must not look for extensions on the net.
OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


class Database:
    """The open records of one station; the functions of `core.records` read and write them.

    Safe to use from several threads of one process.

    Example:
        >>> with Database.open(settings()) as records:   # doctest: +SKIP
        ...     search(records, limit=10)

    Attributes:
        audit_share: share of the parts that pass from now on that are drawn for an audit.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, audit_share: float) -> None:
        self._connection = connection
        self.audit_share = audit_share
        self._writing = threading.Lock()

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the records, creating or updating the file as needed.

        Raises:
            RecordsError: if another process holds them, or the file is damaged or unwritable.
        """
        path = settings.records_path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = duckdb.connect(path, config=OFFLINE)
        except OSError as error:
            raise RecordsError(
                f"The records cannot be kept in {path.parent}: {error.strerror}. "
                "Set DATA_DIR to a folder that can be written."
            ) from error
        except duckdb.Error as error:
            raise why_not_opened(str(path), error) from error
        try:
            migrate(connection, path)
        except (duckdb.Error, RecordsError) as error:
            connection.close()
            if isinstance(error, RecordsError):
                raise
            raise why_not_opened(str(path), error) from error
        return cls(connection, settings.audit_share)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, so that another process may open it."""
        self._connection.close()

    def rows(self, query: str, *parameters: object) -> list[Row]:
        """Return the rows that a query gives, by column name."""
        with self.reading() as cursor:
            cursor.execute(query, list(parameters))
            names = [column[0] for column in cursor.description or ()]
            return [
                {name: _from_column(value) for name, value in zip(names, row, strict=True)}
                for row in cursor.fetchall()
            ]

    @contextmanager
    def reading(self) -> Generator[duckdb.DuckDBPyConnection]:
        """Open a connection of its own to read by: threads do not meet in one."""
        with in_sentences(), self._connection.cursor() as cursor:
            yield cursor

    @contextmanager
    def transaction(self) -> Generator[duckdb.DuckDBPyConnection]:
        """Write all of what is written inside, or nothing of it."""
        with in_sentences(), self._writing, self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                with ignoring_a_dead_transaction():
                    cursor.execute("ROLLBACK")
                raise


def insert(cursor: duckdb.DuckDBPyConnection, table: str, values: Sequence[Row]) -> None:
    """Add rows in one statement: DuckDB plans each anew, and nobody else can write meanwhile."""
    if not values:
        return
    names = list(values[0])
    places = ", ".join([f"({', '.join('?' * len(names))})"] * len(values))
    cursor.execute(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES {places}",
        [_to_column(row[name]) for row in values for name in names],
    )


def _to_column(value: object) -> object:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


def _from_column(value: object) -> object:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
