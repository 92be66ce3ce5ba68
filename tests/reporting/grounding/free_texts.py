"""The hand-written report texts, half of them held out from the making of the check."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.domain import (
    CauseClass,
    Disposition,
    Evidence,
    Finding,
    Hypothesis,
    Language,
    Report,
    Severity,
)
from tests.reporting.grounding.faults import Case
from tests.reporting.grounding.scenes import scenes


@dataclass(frozen=True, eq=False)
class FreeText(Case):
    """A hand-written clean report, with faults to plant: kind, old words, new words."""

    faults: tuple[tuple[str, str, str], ...]
    is_held_out: bool


@cache
def free_texts() -> tuple[FreeText, ...]:
    """Every hand-written text."""
    return tuple(
        text for name in ("free", "held") for language in Language for text in _of(name, language)
    )


def _of(name: str, language: Language) -> list[FreeText]:
    path = Path(__file__).with_name(f"{name}_{language.value}.toml")
    texts = []
    for number, entry in enumerate(tomllib.loads(path.read_text("utf-8"))["report"]):
        evidence = scenes()[entry["scene"]]
        texts.append(
            FreeText(
                name=f"{name}-{language.value}-{number:02d}-{entry['scene']}",
                evidence=evidence,
                report=_report(_filled(entry, evidence), language),
                faults=tuple(tuple(_filled(fault, evidence)) for fault in entry["faults"]),
                is_held_out=name == "held",
            )
        )
    return texts


def _filled(value: Any, evidence: Evidence) -> Any:  # noqa: ANN401
    """The same with {K1} and {K2} replaced by the ids of the scene's snippets."""
    if isinstance(value, str):
        for number, snippet in enumerate(evidence.snippets, start=1):
            value = value.replace(f"{{K{number}}}", snippet.id)
        return value
    if isinstance(value, list):
        return [_filled(item, evidence) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, evidence) for key, item in value.items()}
    return value


def _report(entry: dict, language: Language) -> Report:
    return Report(
        language=language,
        summary=entry["summary"],
        findings=tuple(
            Finding(
                defect_ids=tuple(finding["defects"]),
                observation=finding["observation"],
                probable_defect_type=finding["type"],
                snippet_ids=tuple(finding["snippets"]),
                hypotheses=tuple(
                    Hypothesis(
                        cause=words,
                        cause_class=CauseClass(cause_class) if cause_class else None,
                        snippet_ids=tuple(ids),
                    )
                    for cause_class, words, *ids in finding["causes"]
                ),
            )
            for finding in entry["findings"]
        ),
        not_assessed=tuple(entry.get("not_assessed", ())),
        effect=entry["effect"],
        containment=entry["containment"],
        recommended_action=entry["action"],
        open_questions=tuple(entry["questions"]),
        proposed_severity=Severity(entry["severity"]) if entry["severity"] else None,
        proposed_disposition=(
            Disposition(entry["disposition"]) if entry.get("disposition") else None
        ),
    )
