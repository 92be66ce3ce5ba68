"""What a model may answer: the schema that it is held to, and the way from its text to a report."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from core.domain import (
    CauseClass,
    Disposition,
    Evidence,
    Language,
    Report,
    Severity,
)
from core.domain.errors import InspectionError
from core.reporting.json_objects import Attempt, find_object
from core.reporting.languages import is_in_language

MOST_TOLD_FAULTS = 5
# Whether a picture shows the right product is for a person to say.
PROPOSABLE = tuple(option for option in Disposition if option is not Disposition.IN_ERROR)
# As `json.dumps` writes them; line breaks and tabs have escapes of their own.
CONTROL = re.compile(r"(?<!\\)(?:\\\\)*\\(?:[bf]|u00[01][0-9a-f])")


class AnswerError(InspectionError):
    """A model's answer is no report; the sentence tells the model what to mend."""


@dataclass(frozen=True)
class Lengths:
    """Most characters of each text of an answer, and most items of each list."""

    findings: int
    hypotheses: int
    questions: int
    citations: int
    summary: int
    observation: int
    defect_type: int
    cause: int
    effect: int
    containment: int
    action: int
    question: int


FULL = Lengths(6, 4, 7, 3, 900, 400, 250, 250, 600, 300, 600, 250)
# A small model loses the thread of a long answer.
BRIEF = Lengths(2, 1, 1, 1, 240, 160, 60, 120, 120, 120, 140, 120)


def answer_schema(
    lengths: Lengths,
    defect_ids: Sequence[str] | None = None,
    snippet_ids: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Describe an answer by a JSON schema (draft 2020-12): a report without version and language.

    Args:
        lengths: bounds of texts and lists.
        defect_ids, snippet_ids: that may be cited; None: any. A model that holds itself to the
            schema can then cite no other; the grounding check finds what one that does not cites.
    """
    confidence = {"enum": ["low", "medium", "high"]}
    citations = _ids(snippet_ids, lengths.citations)
    hypothesis = _object(
        cause=_text(lengths.cause),
        cause_class={"enum": [*(kind.value for kind in CauseClass), None]},
        confidence=confidence,
        snippet_ids=citations,
    )
    finding = _object(
        defect_ids=_ids(defect_ids, None if defect_ids is None else len(defect_ids)),
        observation=_text(lengths.observation, least=10),
        probable_defect_type=_text(lengths.defect_type),
        snippet_ids=citations,
        hypotheses=_list(hypothesis, lengths.hypotheses),
    )
    findings = lengths.findings if defect_ids is None or defect_ids else 0
    return _object(
        summary=_text(lengths.summary, least=20),
        findings=_list(finding, findings),
        not_assessed=_ids(defect_ids, None if defect_ids is None else len(defect_ids)),
        effect=_text(lengths.effect),
        proposed_severity={"enum": [*(severity.value for severity in Severity), None]},
        containment=_text(lengths.containment),
        recommended_action=_text(lengths.action),
        proposed_disposition={"enum": [*(option.value for option in PROPOSABLE), None]},
        open_questions=_list(_text(lengths.question), lengths.questions),
        confidence=confidence,
    )


def schema_for(evidence: Evidence, lengths: Lengths) -> dict[str, Any]:
    """Build the schema of an answer about this evidence, with the ids that it may cite."""
    return answer_schema(
        lengths,
        [defect.id for defect in evidence.defects],
        [snippet.id for snippet in evidence.snippets],
    )


def longest_answer(schema: dict[str, Any]) -> int:
    """Count the characters of the longest JSON that a schema allows, as `json.dumps` writes it."""
    if "enum" in schema:
        return max(len(json.dumps(value)) for value in schema["enum"])
    if schema["type"] == "string":
        return 2 + schema["maxLength"]
    if schema["type"] == "array":
        return 2 + schema["maxItems"] * (2 + longest_answer(schema["items"]))
    parts = schema["properties"].items()
    return 2 + sum(len(f'"{name}": , ') + longest_answer(part) for name, part in parts)


def read_answer(text: str, lengths: Lengths, language: Language) -> Report:
    """Read a model's text as a report.

    Thoughts, prose and fences around the JSON object are ignored, with whatever braces they hold;
    of several objects that are reports the last counts. Nothing inside it is changed.

    Raises:
        AnswerError: if there is no such object, it breaks the schema, or it is in another
            language.
    """
    data = report_object(text, lengths)
    report = Report(**data, language=language)
    prose = " ".join([report.summary, *(finding.observation for finding in report.findings)])
    if not report.summary.strip():
        raise AnswerError("The summary is empty: say what, where, how bad and what next.")
    if not is_in_language(prose, language):
        raise AnswerError(f"The texts must be in the language {language.value!r}, and are not.")
    return report


def report_object(text: str, lengths: Lengths) -> dict[str, Any]:
    """Find the object in a model's text that the schema accepts.

    Raises:
        AnswerError: if there is none; it says what is wrong with the longest attempt.
    """
    import jsonschema

    validator = jsonschema.Draft202012Validator(answer_schema(lengths))
    data, longest = find_object(text, validator.is_valid)
    if data is None:
        raise AnswerError(_fault(longest, validator))
    if CONTROL.search(json.dumps(data)):
        raise AnswerError("The answer holds control characters: write plain text.")
    return data


def _fault(attempt: Attempt | None, validator: Any) -> str:  # noqa: ANN401  # of jsonschema
    if attempt is None:
        return "The answer holds no JSON object."
    if attempt.data is None:
        return f"The answer is not valid JSON: {attempt.problem}."
    faults = islice(validator.iter_errors(attempt.data), MOST_TOLD_FAULTS)
    return " ".join(map(_told, faults))


def _told(fault: Any) -> str:  # noqa: ANN401  # jsonschema's own error
    place = ".".join(str(part) for part in fault.absolute_path) or "the object"
    if fault.validator == "maxLength":
        return f"{place} has {len(fault.instance)} characters; at most {fault.validator_value}."
    if fault.validator == "maxItems":
        return f"{place} has {len(fault.instance)} items; at most {fault.validator_value}."
    return f"{place}: {fault.message[:200]}."


def _text(most: int, least: int = 0) -> dict[str, Any]:
    # Small models leave blank what they may leave blank.
    bounds = {"minLength": least, "maxLength": most} if least else {"maxLength": most}
    return {"type": "string"} | bounds


def _list(items: dict[str, Any], most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "maxItems": most}


def _ids(known: Sequence[str] | None, most: int | None) -> dict[str, Any]:
    if known is None:
        return {"type": "array", "items": {"type": "string"}}
    if not known:
        return _list(_text(1), 0)
    return _list({"enum": list(known)}, len(known) if most is None else min(most, len(known)))


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def prose_so_far(text: str) -> str:
    """Read summary and observations of an answer that is still coming.

    Example:
        >>> prose_so_far('{"summary": "A dark li')
        'A dark li'
    """
    # A draft in the thoughts gives way to the answer as soon as that one says something.
    for found in reversed(list(re.finditer(r"\{", text))):
        if said := _prose(_object_so_far(text, found.start())):
            return said
    return ""


def _object_so_far(text: str, start: int) -> dict[str, Any]:
    from pydantic_core import from_json

    try:
        return json.JSONDecoder(strict=False).raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        pass
    try:
        return from_json(text[start:], allow_partial="trailing-strings")
    except ValueError:
        return {}


def _prose(data: dict[str, Any]) -> str:
    findings = data.get("findings")
    said = [data.get("summary")]
    for finding in findings if isinstance(findings, list) else ():
        if isinstance(finding, dict):
            said.append(finding.get("observation"))
    return "\n\n".join(part for part in said if isinstance(part, str) and part)
