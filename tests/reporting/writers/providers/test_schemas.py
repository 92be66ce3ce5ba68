"""The answer's schema in what each provider's strict mode takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.domain import Evidence, Product
from core.reporting.answers import schema_for
from core.reporting.catalogue import find_model
from core.reporting.prompt import lengths_of
from core.reporting.writers.providers import anthropic, google, openai
from core.reporting.writers.providers.common import MOST_VALUES
from tests.records import examples
from tests.reporting.writers.endpoints import SCHEMA

BARE = Evidence(product=Product(dataset="ELPV", category="mono"), judgement=examples.judgement())
CITING = BARE.model_copy(
    update={"defects": (examples.defect(1),), "snippets": (examples.snippet(),)}
)
CROWDED = BARE.model_copy(
    update={"defects": tuple(examples.defect(number) for number in range(1, MOST_VALUES + 2))}
)
REPORTS = [schema_for(evidence, lengths_of(find_model("gpt-4o"))) for evidence in (BARE, CITING)]


def schemas_in(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    parts = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]
    parts += [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]
    for part in parts:
        yield from schemas_in(part)


@pytest.mark.parametrize("schema", [SCHEMA, *REPORTS])
def test_openai_requires_all_and_allows_no_more(schema: dict[str, Any]) -> None:
    for part in schemas_in(openai.strict_schema(schema)):
        assert part.keys() <= openai.SCHEMA_KEYWORDS
        assert {"type", "anyOf", "$ref", "const"} & part.keys()
        assert part.get("enum") != []
        if part.get("type") == "object":
            assert part["required"] == list(part["properties"])
            assert part["additionalProperties"] is False


@pytest.mark.parametrize("schema", [SCHEMA, *REPORTS])
def test_gemini_gets_what_it_knows(schema: dict[str, Any]) -> None:
    for part in schemas_in(google.strict_schema(schema)):
        assert part.keys() <= google.SCHEMA_KEYWORDS
        assert {"type", "anyOf", "$ref"} & part.keys()
        assert part.get("enum") != []


@pytest.mark.parametrize("schema", [SCHEMA, *REPORTS])
def test_claude_gets_what_it_knows(schema: dict[str, Any]) -> None:
    for part in schemas_in(anthropic.strict_schema(schema)):
        assert not {"maxLength", "maxItems", "default"} & part.keys()


def test_limits_that_are_not_enforced_are_told() -> None:
    adapted = openai.strict_schema(SCHEMA)["properties"]["summary"]

    assert adapted == {"type": "string", "description": "what and where (maxLength: 400)"}


def test_too_many_ids_are_not_listed() -> None:
    schema = openai.strict_schema(schema_for(CROWDED, lengths_of(find_model("gpt-4o"))))

    assert schema["properties"]["not_assessed"]["items"] == {"type": "string"}


def test_the_question_keeps_its_schema() -> None:
    before = str(SCHEMA)
    for dialect in (openai.strict_schema, anthropic.strict_schema, google.strict_schema):
        dialect(SCHEMA)

    assert str(SCHEMA) == before
