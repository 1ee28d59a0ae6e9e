"""Payloads that a forge's own JSON Schema allows, for hypothesis. Keys that are not required come and go; so do others."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

#: Deeper than this only what must be there is.
_DEPTH_MAX = 5
_GOOD_SHAS = ["1" * 40, "a" * 64, "b" * 40] * 4
_GOOD_REFS = ["refs/heads/main", "refs/tags/v1", "main", "refs/pull/5/head"] * 4
#: What means something in a payload: without it hardly any would get beyond the first check.
TELLING: Mapping[str, st.SearchStrategy[Any]] = {
    "sha": st.sampled_from([*_GOOD_SHAS, "0" * 40, "", "main"]),
    "ref": st.sampled_from([*_GOOD_REFS, "a b", "", "HEAD"]),
    "number": st.sampled_from([*range(1, 20), 0, -1, 2**31, 2**70]),
    "action": st.text(max_size=10) | st.sampled_from(["created", "submitted", "published", "rerequested", "../x"]),
    "body": st.sampled_from(["/retest", "/deploy now", "fine", "", "\u202e/x"]) | st.text(max_size=20),
    "state": st.sampled_from(["approved", "changes_requested", "commented", "x"]),
    "login": st.text(max_size=20),
    "title": st.text(max_size=20) | st.just("WIP: x"),
    "tag_name": st.sampled_from(["v1", "v2", "v3", "refs/tags/v1", "", "a b"]),
    "default_branch": st.sampled_from(["main", "", "a b", "x/y"]),
}
for _same, _name in {
    "sha": ("id", "head_sha", "base_sha", "before", "after", "commit_id", "target_oid"),
    "ref": ("head_ref", "base_ref", "branch", "head_branch"),
}.items():
    TELLING = {**TELLING, **dict.fromkeys(_name, TELLING[_same])}


def payloads(document: Mapping[str, Any], name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Make payloads of one kind out of a schema's definitions."""
    return _Maker(document).make({"$ref": name}, "", 0)


class _Maker:
    """One document's definitions."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._definitions = document.get("$defs") or document["definitions"]

    def make(self, schema: Mapping[str, Any], key: str, depth: int) -> st.SearchStrategy[Any]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return st.deferred(lambda: self.make(self._definitions[name], key, depth))
        if choices := schema.get("anyOf") or schema.get("oneOf"):
            return st.one_of([self.make(choice, key, depth) for choice in choices])
        if parts := schema.get("allOf"):
            made = [self.make(part, key, depth) for part in parts]
            return st.tuples(*made).map(_merged)
        kinds = schema.get("type", "object" if "properties" in schema else "null")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        return st.one_of([self._of_kind(kind, schema, key, depth) for kind in kinds])

    def _of_kind(self, kind: str, schema: Mapping[str, Any], key: str, depth: int) -> st.SearchStrategy[Any]:
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            items = schema.get("items")
            if not isinstance(items, dict) or depth > _DEPTH_MAX:
                return st.just([])
            return st.lists(self.make(items, key, depth + 1), max_size=2)
        if "enum" in schema or "x-known-values" in schema:
            return st.sampled_from(schema.get("enum") or schema["x-known-values"])
        if key in TELLING and (kind == "string" or key == "number"):
            return TELLING[key]
        plain: dict[str, st.SearchStrategy[Any]] = {
            "string": st.text(max_size=5),
            "integer": st.integers(1, 5) if key == "id" else st.integers(),
            "number": st.floats(allow_nan=False, allow_infinity=False),
            "boolean": st.booleans(),
            "null": st.none(),
        }
        return plain[kind]

    def _object(self, schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[dict[str, Any]]:
        properties: Mapping[str, Any] = schema.get("properties", {})
        wanted = {key: value for key, value in properties.items() if key in _SEEN or (depth < 2 and key in properties)}
        if depth > _DEPTH_MAX:
            wanted = {}
        made = {key: self.make(value, key, depth + 1) for key, value in wanted.items()}
        required = {key: value for key, value in made.items() if key in schema.get("required", ()) and key in _SEEN}
        # Rarely: a payload that lacks much is refused at once.
        rarely = st.integers(0, 9).flatmap
        optional = {
            key: rarely(lambda n, made=value: st.none() if n == 0 else made)
            for key, value in made.items()
            if key not in required
        }
        return st.fixed_dictionaries(required, optional=optional)


def _merged(parts: tuple[Any, ...]) -> Any:
    merged: dict[str, Any] = {}
    for part in parts:
        merged |= part if isinstance(part, dict) else {}
    return merged


#: What our code looks at, on any level: the rest of a payload it never sees.
_SEEN = {
    *TELLING,
    *("repository", "sender", "pusher", "pull_request", "head", "base", "repo", "user", "labels", "label", "review"),
    *("issue", "comment", "release", "author", "package", "package_version", "check_run", "check_suite", "merge_group"),
    *("changes", "from", "owner", "name", "full_name", "html_url", "flow", "draft", "merged", "head_commit", "commits"),
    *(
        "message",
        "ref_type",
        "is_pull",
        "workflow",
        "inputs",
        "external_id",
        "forkee",
        "added_labels",
        "removed_labels",
    ),
    *("deleted", "forced", "content", "type", "user", "organization", "version", "client_payload"),
}
