"""Small objects that satisfy a forge's own description: every required field, with some value."""

import copy
from functools import cache
from typing import Any

from forge.contract import Contract, resolve
from forge.state import VERSIONS, Flavour

_SCHEMAS = {
    Flavour.GITHUB: {
        "pull": "#/components/schemas/pull-request-simple",
        "user": "#/components/schemas/simple-user",
        "repository": "#/components/schemas/repository",
        "whole pull": "#/components/schemas/pull-request",
        "hook": "#/components/schemas/hook",
        "label": "#/components/schemas/pull-request-simple/properties/labels/items",
    },
}
_STRINGS = {"uri": "https://forge.example/x", "date-time": "2026-01-01T00:00:00Z", "email": "x@example.com"}


def sample(flavour: Flavour, kind: str) -> dict[str, Any]:
    """Make one; empty where the description is not at hand, or requires nothing."""
    return copy.deepcopy(_sample(flavour, kind))


@cache
def _sample(flavour: Flavour, kind: str) -> dict[str, Any]:
    reference = _SCHEMAS.get(flavour, {}).get(kind)
    contract = Contract.find(flavour, VERSIONS[flavour])
    if reference is None or contract is None:
        return {}
    found = _fill(contract.document, {"$ref": reference})
    assert isinstance(found, dict)
    return found


def _fill(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    if reference := schema.get("$ref"):
        return _fill(document, resolve(document, reference))
    for key in ("anyOf", "oneOf", "allOf"):
        if choices := schema.get(key):
            return None if {"type": "null"} in choices else _fill(document, choices[0])
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            return {name: _fill(document, properties.get(name, {})) for name in schema.get("required", [])}
        case "array":
            return []
        case "string":
            return _STRINGS.get(schema.get("format", ""), "x")
        case "integer" | "number":
            return 1
        case "boolean":
            return False
        case _:
            return None
