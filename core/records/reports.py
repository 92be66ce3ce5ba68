"""Reports on record: the hash that they are named by, and reading those of older schemas."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from core.domain import Report


def report_sha256(report: Report) -> str:
    """SHA-256 of the report's canonical JSON: sorted keys, no spaces, UTF-8."""
    canonical = json.dumps(
        report.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def upgraded(report: dict[str, Any]) -> dict[str, Any]:
    """A stored report in the present schema; its `schema_version` stays what it was written as."""
    if report["schema_version"] > 1:
        return report
    findings = [
        {name: value for name, value in finding.items() if name != "cause"}
        | {"hypotheses": _hypotheses(finding)}
        for finding in report["findings"]
    ]
    return report | {"findings": findings}


def _hypotheses(finding: dict[str, Any]) -> list[dict[str, Any]]:
    cause = finding["cause"]
    return [{"cause": cause, "snippet_ids": finding["snippet_ids"]}] if cause else []
