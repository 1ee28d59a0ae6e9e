"""Checks requests and answers against the forge's own OpenAPI description, where it is at hand."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from forge.state import Flavour

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "openapi"


PULLS_OF_COMMIT = "/repos/{owner}/{repo}/commits/{commit_sha}/pulls"


def resolve(document: dict[str, Any], reference: str) -> dict[str, Any]:
    """Follow a reference within a document."""
    found = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


@dataclass(frozen=True)
class Contract:
    """One forge's description: OpenAPI 3.0 (GitHub) or Swagger 2.0 (Forgejo, Gitea)."""

    document: dict[str, Any]

    @staticmethod
    def find(flavour: Flavour, version: str) -> "Contract | None":
        paths = [FOLDER / name for name in _file_names(flavour, version)]
        return _load(*paths) if all(path.is_file() for path in paths) else None

    def violations(self, method: str, path: str, body: Any, status: int, answer: Any) -> list[str]:
        """List what the request, and our own answer to it, have against the description."""
        operation = self._operation(method, path)
        if operation is None:
            return [f"{method} {path}: no such operation"]
        found: list[str] = []
        if (schema := _request_schema(operation)) and (body is not None or _requires_body(operation)):
            found += self._check(schema, body, f"{method} {path}")
        if (schema := self._answer_schema(operation, status)) and answer is not None:
            found += self._check(schema, answer, f"the model's own answer {status} to {method} {path}")
        return found

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for template, operations in self.document["paths"].items():
            pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, path) and method.lower() in operations:
                return operations[method.lower()]
        return None

    def _answer_schema(self, operation: dict[str, Any], status: int) -> dict[str, Any] | None:
        response = operation["responses"].get(str(status), {})
        if reference := response.get("$ref"):
            response = resolve(self.document, reference)
        return response.get("schema") or response.get("content", {}).get("application/json", {}).get("schema")

    def _check(self, schema: dict[str, Any], value: Any, where: str) -> list[str]:
        whole = {
            **schema,
            "definitions": self.document.get("definitions"),
            "components": self.document.get("components"),
        }
        validator = jsonschema.Draft7Validator({key: part for key, part in whole.items() if part is not None})
        return [
            f"{where}: {error.json_path}: {error.message}"
            for error in validator.iter_errors(value)
            # The descriptions do not say it, but all forges do it: the repository of a head may be gone.
            if not (error.json_path.endswith(".head.repo") and error.instance is None)
        ]


def _request_schema(operation: dict[str, Any]) -> dict[str, Any] | None:
    if body := operation.get("requestBody"):
        return body["content"]["application/json"]["schema"]
    return next((one["schema"] for one in operation.get("parameters", []) if one.get("in") == "body"), None)


def _requires_body(operation: dict[str, Any]) -> bool:
    return operation.get("requestBody", {}).get("required", True)


def _file_names(flavour: Flavour, version: str) -> list[str]:
    match flavour:
        case Flavour.GITHUB:
            return ["github-core.openapi.json", "github-repos-pulls.openapi.json"]
        case Flavour.FORGEJO:
            is_new = int(version.split(".", maxsplit=1)[0]) >= 16
            return ["forgejo-v16.swagger2.json" if is_new else "forgejo-v15.0.3.swagger2.json"]
        case Flavour.GITEA:
            return ["gitea-v1.26.3.swagger2.json"]


@cache
def _load(*paths: Path) -> Contract:
    """Load a description that may be in several slices."""
    whole: dict[str, Any] = {"paths": {}}
    for path in paths:
        part = json.loads(path.read_text())
        whole["paths"] |= part["paths"]
        for kind in ("definitions", "responses"):
            whole[kind] = whole.get(kind, {}) | part.get(kind, {})
        components = whole.setdefault("components", {})
        for kind, items in part.get("components", {}).items():
            components[kind] = components.get(kind, {}) | items
    if PULLS_OF_COMMIT in whole["paths"]:
        # The slices lack the list of pull requests; its items are described by the same schema.
        whole["paths"]["/repos/{owner}/{repo}/pulls"] = {"get": whole["paths"][PULLS_OF_COMMIT]["get"]}
    return Contract(_with_null(whole))


def _with_null(part: Any) -> Any:
    """Write OpenAPI 3.0's `nullable` as JSON Schema does."""
    if isinstance(part, list):
        return [_with_null(one) for one in part]
    if not isinstance(part, dict):
        return part
    rest = {key: _with_null(value) for key, value in part.items() if key != "nullable"}
    return {"anyOf": [rest, {"type": "null"}]} if part.get("nullable") is True else rest
