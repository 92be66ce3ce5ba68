"""Errors that nobody foresaw: their traceback in the log, a sentence for whoever asked."""

from __future__ import annotations

import logging

from core.domain.errors import UnforeseenError

log = logging.getLogger(__name__)


def unforeseen(what: str, error: BaseException) -> UnforeseenError:
    """Log an error with its traceback, and return what to raise or say in its place.

    Args:
        what: could not be done, such as "cell.png could not be inspected".
        error: that is none of ours.
    """
    log.error("%s", what, exc_info=error)
    said = UnforeseenError(
        f"{what}: an error that nobody foresaw ({type(error).__name__}: {error}). The program's "
        "log says where it happened. Try again, and report it if it comes again."
    )
    said.__cause__ = error
    return said
