"""The answer's JSON schema, cut down to what each provider's strict mode takes.

What a provider does not enforce is told to the model in words instead; the caller validates the
answer against the whole schema. Lists of values (`enum`) are taken to be lists of strings.
"""

from __future__ import annotations

from typing import Any

# Keywords of https://platform.openai.com/docs/guides/structured-outputs (supported schemas);
# strict mode wants every property required and no others allowed.
OPENAI_KEYWORDS = frozenset(
    {
        *("type", "enum", "const", "description", "format", "pattern"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minItems", "maxItems", "items", "anyOf"),
        *("properties", "required", "additionalProperties", "$defs", "$ref"),
    }
)
# Keywords of https://ai.google.dev/api/generate-content (responseJsonSchema), without those for
# the length of arrays: nested ones can make a schema "too complex to serve".
GEMINI_KEYWORDS = frozenset(
    {
        *("type", "enum", "title", "description", "format", "minimum", "maximum"),
        *("items", "prefixItems", "anyOf", "oneOf"),
        *("properties", "required", "additionalProperties", "$defs", "$ref"),
    }
)
# Not limits: nothing is lost when a model does not hear of them.
SILENT = frozenset({"title", "default", "$schema", "$id"})
# Both providers limit how many values a schema may list; a longer list is a list of ids, and those
# are checked in the answer anyhow.
MOST_VALUES = 200


def openai_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema as OpenAI's strict mode takes it.

    Example:
        >>> openai_schema({"type": "string", "maxLength": 9, "default": ""})
        {'type': 'string', 'description': '(maxLength: 9)'}
    """
    return _adapted(schema, OPENAI_KEYWORDS, every_required=True)


def gemini_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema as Gemini takes it.

    Example:
        >>> gemini_schema({"const": "stop", "title": "Word"})
        {'enum': ['stop'], 'title': 'Word'}
        >>> gemini_schema({"enum": ["D1", None]})
        {'anyOf': [{'type': 'string', 'enum': ['D1']}, {'type': 'null'}]}
    """
    return _adapted(schema, GEMINI_KEYWORDS, every_required=False)


def anthropic_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema as Claude takes it, by Anthropic's own means."""
    from anthropic import transform_schema

    return transform_schema(schema)


def _adapted(
    schema: dict[str, Any], keywords: frozenset[str], *, every_required: bool
) -> dict[str, Any]:
    if "$ref" in schema:
        # Neither provider takes other keywords beside a reference.
        return {"$ref": schema["$ref"]}
    if None in schema.get("enum", ()):
        # A list of values has one type here; null is another.
        values = {**schema, "enum": [value for value in schema["enum"] if value is not None]}
        schema = {"anyOf": [values, {"type": "null"}]}
    adapted: dict[str, Any] = {}
    told: list[str] = []
    for keyword, value in schema.items():
        if keyword == "const" and keyword not in keywords:
            adapted["enum"] = [value]
        elif keyword == "enum":
            adapted.setdefault("type", "string")
            if 0 < len(value) <= MOST_VALUES:
                adapted["enum"] = value
        elif keyword in keywords:
            adapted[keyword] = _value(keyword, value, keywords, every_required=every_required)
        elif keyword not in SILENT:
            told.append(f"{keyword}: {value}")
    if told:
        words = f"({', '.join(told)})"
        adapted["description"] = f"{adapted.get('description', '')} {words}".strip()
    if every_required and "properties" in adapted:
        adapted["required"] = list(adapted["properties"])
        adapted["additionalProperties"] = False
    return adapted


def _value(keyword: str, value: Any, keywords: frozenset[str], *, every_required: bool) -> Any:  # noqa: ANN401
    """A keyword's value, with the schemas in it adapted."""
    if keyword in {"properties", "$defs"}:
        return {
            name: _adapted(part, keywords, every_required=every_required)
            for name, part in value.items()
        }
    if keyword in {"anyOf", "oneOf", "prefixItems"}:
        return [_adapted(part, keywords, every_required=every_required) for part in value]
    if keyword == "items" and isinstance(value, dict):
        return _adapted(value, keywords, every_required=every_required)
    return value
