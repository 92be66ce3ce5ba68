"""Say what DuckDB raises in sentences for an operator."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import duckdb

from core.domain.errors import RecordsError, RecordsInUseError


def require_text(text: str, sentence: str) -> None:
    """Require a text that is more than blanks.

    Raises:
        RecordsError: with this sentence, if it is empty.
    """
    if not text.strip():
        raise RecordsError(sentence)


def why_not_opened(path: str, error: duckdb.Error) -> RecordsError:
    """Say why a file cannot be opened: another process holds it, or it is damaged."""
    if "lock" in str(error).lower():
        return RecordsInUseError(
            f"The records in {path} are in use by another process, most likely the running "
            "console. Use the console, or stop it and try again."
        )
    return RecordsError(
        f"The records in {path} cannot be opened ({str(error).splitlines()[0]}). The file was "
        "left as it is: restore it from a copy, or set DATA_DIR to another folder."
    )


@contextmanager
def in_sentences() -> Generator[None]:
    """Turn what DuckDB raises into an operator's sentence."""
    try:
        yield
    except duckdb.Error as error:
        raise RecordsError(
            f"The records could not be read or written ({str(error).splitlines()[0]}). "
            "If the disk is full, free space and try again; nothing recorded before is lost."
        ) from error


@contextmanager
def ignoring_a_dead_transaction() -> Generator[None]:
    """Pass over a transaction that DuckDB has ended by itself, as it does when a commit fails."""
    try:
        yield
    except duckdb.TransactionException:
        return
