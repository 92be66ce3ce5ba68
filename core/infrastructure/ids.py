"""Ids that sort by time and that no two machines make alike."""

from __future__ import annotations

import secrets
from datetime import datetime


def id_of(moment: datetime, prefix: str = "") -> str:
    """Id of what came to be at a moment: readable, in the order of time, and never made twice.

    Example:
        >>> id_of(datetime(2026, 11, 30, 9, 5), "C")[:17]
        'C20261130-090500-'
    """
    return f"{prefix}{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
