"""A question of the shape of a report's, for the tests of local models."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from core.domain import Evidence, Language, Product
from core.reporting.catalogue import Model
from core.reporting.writers.contract import PromptPicture, Question, Turn
from tests.records import examples

SYSTEM = "You are a quality engineer. You report what the evidence shows, briefly."
PROMPT = """Product: ELPV/mono.
Verdict: FAIL, score 1.890, above 99 % of held-out normals.
Defects:
D1: elongated region at the top left, 30 x 8 px (0.27 % of the picture), major.
D2: compact region at the centre, 20 x 22 px (0.40 % of the picture), minor.
Knowledge:
K-0123456789: crack. Appearance: a dark thin line. Common causes: pressing.

Write the nonconformity report as JSON."""


def text(longest: int, shortest: int = 1) -> dict[str, Any]:
    return {"type": "string", "minLength": shortest, "maxLength": longest}


def objects(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "required": list(properties),
    }


def listed(items: dict[str, Any], most: int, least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


CONFIDENCE = {"enum": ["low", "medium", "high"]}
SNIPPETS = listed({"enum": ["K-0123456789"]}, 1)
HYPOTHESIS = objects(
    cause=text(120),
    cause_class={"anyOf": [{"enum": ["man", "machine", "material"]}, {"type": "null"}]},
    confidence=CONFIDENCE,
    snippet_ids=SNIPPETS,
)
# All of a report's fields but schema_version and language, short as a small model's are.
REPORT_SCHEMA = objects(
    summary=text(200, 20),
    findings=listed(
        objects(
            defect_ids=listed({"enum": ["D1", "D2"]}, 2, 1),
            observation=text(160),
            probable_defect_type=text(40, 0),
            snippet_ids=SNIPPETS,
            hypotheses=listed(HYPOTHESIS, 1),
        ),
        2,
        1,
    ),
    not_assessed=listed({"enum": ["D1", "D2"]}, 2),
    effect=text(120, 0),
    proposed_severity={"anyOf": [{"enum": ["critical", "major", "minor"]}, {"type": "null"}]},
    containment=text(120, 0),
    recommended_action=text(120, 0),
    proposed_disposition={"anyOf": [{"enum": ["rework", "scrap"]}, {"type": "null"}]},
    open_questions=listed(text(100), 2),
    confidence=CONFIDENCE,
)
SHORT_SCHEMA = objects(confidence=CONFIDENCE, defect_ids=listed({"enum": ["D1", "D2"]}, 2, 1))


def question(
    prompt: str = PROMPT,
    *,
    schema: dict[str, Any] = REPORT_SCHEMA,
    pictures: int = 0,
    max_tokens: int = 900,
    language: Language = Language.ENGLISH,
) -> Question:
    return Question(
        evidence=Evidence(
            product=Product(dataset="ELPV", category="mono"), judgement=examples.judgement()
        ),
        language=language,
        system=SYSTEM,
        turns=(Turn("user", prompt),),
        pictures=tuple(
            PromptPicture(f"P{number}", png(40 + number)) for number in range(1, pictures + 1)
        ),
        schema=schema,
        max_tokens=max_tokens,
    )


def png(side: int) -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).convert("RGB").save(file, "PNG")
    return file.getvalue()


def entry(key: str, **changes: object) -> Model:
    """A catalogue entry of a local vision model."""
    fields: dict[str, object] = {
        "key": key,
        "title": key,
        "family": key,
        "provider": "transformers",
        "model": f"example/{key}",
        "runs": "this machine",
        "images": True,
        "most_pictures": 4,
        "schema_native": True,
        "context": 4096,
        "max_output": 1000,
        "licence": "test",
        **changes,
    }
    return Model.model_validate(fields)
