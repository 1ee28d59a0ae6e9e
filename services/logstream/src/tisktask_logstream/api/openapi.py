"""The OpenAPI document, made from the operations and their models."""

import re
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from tisktask_logstream.api.models import ErrorAnswer
from tisktask_logstream.api.operations import PREFIX, Operation

_REASONS = {
    400: "the request is malformed",
    401: "the admin token is missing or wrong",
    403: "not allowed",
    404: "there is no such thing",
    409: "its state does not allow that now",
    410: "it was deleted",
    413: "the body is larger than 1 MiB",
    415: "the body is not JSON",
    503: "a part is away or all seats are taken: try again",
}
_REF = "#/components/schemas/{model}"


def openapi_document(operations: list[Operation]) -> dict[str, Any]:
    """Describe all operations in OpenAPI 3.1."""
    models: set[type[BaseModel]] = {ErrorAnswer}
    for operation in operations:
        models |= {model for model in (operation.body, operation.answer) if isinstance(model, type)}
    # What comes in is described as clients may send it, what goes out as they can rely on it.
    ordered = sorted(models, key=lambda model: model.__name__)
    bodies = {operation.body for operation in operations}
    _, schemas = models_json_schema(
        [(model, "validation" if model in bodies else "serialization") for model in ordered], ref_template=_REF
    )
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(PREFIX + operation.path, {})[operation.method.lower()] = _describe(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tisktask", "version": "1", "description": "Runs, jobs, logs, repositories and runners."},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _describe(operation: Operation) -> dict[str, Any]:
    responses = {str(operation.status): {"description": operation.summary, "content": _content(operation)}}
    for status in sorted({400, 401, 503, *operation.errors}):
        content = {"application/json": {"schema": {"$ref": _REF.format(model="ErrorAnswer")}}}
        responses[str(status)] = {"description": _REASONS[status], "content": content}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": _path_parameters(operation) + _query_parameters(operation),
        "responses": responses,
    }
    if operation.body:
        schema = {"$ref": _REF.format(model=operation.body.__name__)}
        described["requestBody"] = {
            "required": not operation.is_body_optional,
            "content": {"application/json": {"schema": schema}},
        }
    return described


def _content(operation: Operation) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if isinstance(operation.answer, str):
        content[operation.answer] = {"schema": {"type": "string"}}
    else:
        content["application/json"] = {"schema": {"$ref": _REF.format(model=operation.answer.__name__)}}
    if operation.also:
        content[operation.also] = {"schema": {"type": "string"}}
    return content


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    properties = operation.query.model_json_schema().get("properties", {})
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in properties.items()]
