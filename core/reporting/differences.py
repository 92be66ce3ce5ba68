"""What two texts do not share, word by word."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from core.domain import Report

# A run of spaces belongs to the word before it, so that the pieces joined are the text.
WORD = re.compile(r"\S+\s*|\s+")


def marked(text: str, other: str) -> list[tuple[str, bool]]:
    """Split a text into pieces, each with whether the other text lacks it.

    Ratcliff and Metzener's pattern matching over words, as `difflib` has it.

    Example:
        >>> marked("a dark line", "a thin line")
        [('a ', False), ('dark ', True), ('line', False)]
    """
    words, others = WORD.findall(text), WORD.findall(other)
    stripped = [word.strip() for word in words], [word.strip() for word in others]
    matcher = SequenceMatcher(None, *stripped, autojunk=False)
    pieces: list[tuple[str, bool]] = []
    for kind, start, end, _, _ in matcher.get_opcodes():
        if start < end:
            pieces.append(("".join(words[start:end]), kind != "equal"))
    return pieces


def fields(report: Report) -> dict[str, str]:
    """Collect a report's texts by field, for reading side by side."""
    texts = {"Summary": report.summary}
    for finding in report.findings:
        causes = "\n".join(hypothesis.cause for hypothesis in finding.hypotheses)
        parts = (finding.observation, finding.probable_defect_type, causes)
        texts[f"Finding on {', '.join(finding.defect_ids)}"] = "\n".join(filter(None, parts))
    severity, proposed = report.proposed_severity, report.proposed_disposition
    return texts | {
        "Effect": report.effect,
        "Proposed severity": severity.value if severity else "",
        "Containment": report.containment,
        "Recommended action": report.recommended_action,
        "Proposed disposition": proposed.value if proposed else "",
        "Open questions": "\n".join(report.open_questions),
        "Confidence": report.confidence,
    }
