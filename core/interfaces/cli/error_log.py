"""Where a command's tracebacks go: into a file, so that the screen has sentences alone."""

from __future__ import annotations

import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from core.domain.errors import SettingsError
from core.infrastructure.settings import settings

ERROR_LOG = "errors.log"


class ErrorLog(logging.Handler):
    """Appends records that have a traceback to a file, and says all others on stderr."""

    def __init__(self, path: Path) -> None:
        super().__init__(logging.WARNING)
        self.path = path
        self.is_used = False
        self.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if not record.exc_info:
            print(record.getMessage(), file=sys.stderr)
            return
        text = self.format(record)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{text}\n")
        except OSError:
            print(text, file=sys.stderr)  # where else, when nothing can be written
        else:
            self.is_used = True


@contextmanager
def errors_logged() -> Generator[None]:
    """Keep the tracebacks of what runs inside in DATA_DIR, and say so where there was one."""
    try:
        folder = settings().data_dir
    except SettingsError:
        folder = Path("data")
    handler = ErrorLog(folder / ERROR_LOG)
    logger = logging.getLogger("core")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        if handler.is_used:
            print(f"The program's log is {handler.path}.", file=sys.stderr)
