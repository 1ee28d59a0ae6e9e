"""GitHub's checks: what is sent for one. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tisktask_reporter.said import Annotation
from tisktask_reporter.status import Shown, StatusKey, StatusState

#: GitHub takes so many in one request; more are added by further ones.
ANNOTATIONS_MAX = 50
_MESSAGE_CHARACTERS_MAX = 60_000
_WORKSPACE = "/workspace/"
_LEVELS = {"notice": "notice", "warning": "warning", "error": "failure"}
_CONCLUSIONS = {
    StatusState.SUCCESS: "success",
    StatusState.FAILURE: "failure",
    # GitHub has no word for our own failures; a required check must not pass by one.
    StatusState.ERROR: "failure",
    StatusState.SKIPPED: "skipped",
}


@dataclass(frozen=True)
class Check:
    """What a check is to show."""

    key: StatusKey
    shown: Shown
    #: Our own name for it: GitHub tells it again when somebody presses the button.
    external_id: str
    conclusion: str
    text: str
    annotations: Sequence[Annotation] = ()


def check_body(check: Check) -> Mapping[str, Any]:
    """Write a check as GitHub takes it, for making one and for changing it."""
    is_over = check.shown.state is not StatusState.PENDING
    body: dict[str, Any] = {
        "name": check.key.context,
        "details_url": check.shown.target_url,
        "external_id": check.external_id,
        "status": "completed" if is_over else "in_progress",
        "output": {"title": check.shown.description, "summary": check.text},
    }
    if is_over:
        body["conclusion"] = check.conclusion or _CONCLUSIONS[check.shown.state]
    if check.annotations:
        body["output"]["annotations"] = [_annotation(one) for one in check.annotations]
    return body


def checks_path(repository: str, sha: str, name: str) -> str:
    """Name the place where the newest check of a name is listed."""
    return f"{repository}/commits/{quote(sha, safe='')}/check-runs?check_name={quote(name, safe='')}&filter=latest"


def _annotation(one: Annotation) -> dict[str, Any]:
    line = one.line or 1
    return {
        "path": one.file.removeprefix(_WORKSPACE).removeprefix("./"),
        "start_line": line,
        "end_line": line,
        "annotation_level": _LEVELS.get(one.level, "notice"),
        "message": one.text[:_MESSAGE_CHARACTERS_MAX],
    }
