"""Whatever a payload holds, it becomes a value, and what is built from it is safe to hand on."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest_payloads import local_push, pull_request, push
from tisktask_common.events import Change
from tisktask_ingest.forges.dialect import DIALECTS, normalise, read_identity
from tisktask_ingest.outcome import Identity, Ignored, Malformed, Ping, Refusal, Triggered

TEXTS = st.text() | st.sampled_from(
    ["", "refs/heads/x", "refs/heads/-x", "--help", "0" * 40, "\x00", "../..", "é" * 2000]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "sha", "ref"]), inner),
    max_leaves=5,
)
DELIVERIES = {
    "github push": ("github", "push", push()),
    "forgejo push": ("forgejo", "push", push()),
    "github pull request": ("github", "pull_request", pull_request()),
    "gitea pull request": ("gitea", "pull_request", pull_request()),
    "local push": ("local", "push", local_push()),
}


def paths(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    below = [inner for key in value for inner in paths(value[key], (*path, key))] if isinstance(value, dict) else []
    return [path, *below]


def changed(payload: Any, path: tuple[str, ...], value: Any) -> Any:
    return {**payload, path[0]: changed(payload[path[0]], path[1:], value)} if path else value


def assert_safe(change: Change) -> None:
    assert re.fullmatch("[0-9a-f]{40}([0-9a-f]{24})?", change.sha)
    assert change.ref.startswith("refs/")
    assert len(change.title) <= 200
    for text in (change.ref, change.branch, change.tag, change.base_branch, change.action, change.event):
        assert text is None or (not re.search(r"[\x00-\x20\x7f]|\.\.|^-", text) and 0 < len(text) <= 512)
    for text in (change.title, change.actor):
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert Change.model_validate_json(change.model_dump_json()) == change


@pytest.mark.parametrize("name", DELIVERIES)
@given(data=st.data())
@settings(max_examples=150, deadline=None, database=None)
def test_any_value_in_any_place_becomes_a_safe_change_or_a_refusal(name: str, data: st.DataObject) -> None:
    forge, event, payload = DELIVERIES[name]
    path = data.draw(st.sampled_from(paths(payload)))
    body = json.dumps(changed(payload, path, data.draw(VALUES))).encode()
    assert isinstance(read_identity(DIALECTS[forge], event, body), Identity | None | Refusal)
    match normalise(DIALECTS[forge], event, event, body):
        case Triggered(change):
            assert_safe(change)
        case Malformed(_, problem):
            assert problem
        case Ignored() | Ping():
            pass


@given(body=st.binary(max_size=200))
@settings(max_examples=200, deadline=None, database=None)
def test_any_bytes_have_a_repository_or_are_refused(body: bytes) -> None:
    assert isinstance(read_identity(DIALECTS["github"], "push", body), Identity | None | Refusal)


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\xff"', b"1e999", b"[" * 10_000, b"9" * 10_000])
def test_json_at_the_edge_of_what_is_json_is_refused_or_has_no_repository(text: bytes) -> None:
    body = b'{"repository": {"full_name": "octo/app", "x": ' + text + b"}}"
    assert isinstance(read_identity(DIALECTS["github"], "push", body), Identity | Refusal)
    broken = b'{"repository": {"full_name": ' + text + b"}}"
    assert isinstance(read_identity(DIALECTS["github"], "push", broken), Refusal)
