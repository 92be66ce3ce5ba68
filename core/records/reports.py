"""Name reports on record by their hash."""

from __future__ import annotations

import hashlib
import json

from core.domain import Report


def report_sha256(report: Report) -> str:
    """Return the SHA-256 of the report's canonical JSON: sorted keys, no spaces, UTF-8."""
    canonical = json.dumps(
        report.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()
