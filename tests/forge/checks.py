"""GitHub's checks: what it takes, what it keeps, what it answers."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from forge.apps import refuse_app
from forge.rules import Call, Reply, error
from forge.state import ForgeState, Repository, Token

ANNOTATIONS_MAX = 50
TEXT_CHARACTERS_MAX = 65_535
_CONCLUSIONS = {"action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"}


@dataclass
class CheckRun:
    """A check as people see it; `history` is what it has shown."""

    id: int
    sha: str
    name: str
    external_id: str = ""
    details_url: str = ""
    status: str = "queued"
    conclusion: str | None = None
    title: str | None = None
    summary: str | None = None
    annotations: list[dict[str, Any]] = field(default_factory=list)
    history: list[str] = field(default_factory=list)


def answer_check(state: ForgeState, repository: Repository, token: Token, call: Call, rest: list[str]) -> Reply:
    if not token.is_app:
        return error(403, "You must authenticate via a GitHub App.")
    if refusal := refuse_app(repository, token, "checks"):
        return refusal
    match call.method, rest:
        case "POST", ["check-runs"]:
            return create_check(state, repository, call)
        case "PATCH", ["check-runs", number]:
            return change_check(repository, number, call)
        case "GET", ["commits", sha, "check-runs"]:
            return list_checks(repository, sha, call.query.get("check_name", ""))
    return error(404, "Not Found")


def create_check(state: ForgeState, repository: Repository, call: Call) -> Reply:
    fields = json.loads(call.body)
    if refusal := _refuse(fields):
        return refusal
    if fields.get("head_sha") not in repository.commits:
        return error(422, f"No commit found for SHA: {fields.get('head_sha')}")
    check = CheckRun(state.next_id(), fields["head_sha"], fields["name"])
    repository.checks.append(check)
    return Reply(201, _apply(check, fields))


def change_check(repository: Repository, number: str, call: Call) -> Reply:
    fields = json.loads(call.body)
    check = next((one for one in repository.checks if str(one.id) == number), None)
    if check is None:
        return error(404, "Not Found")
    return _refuse(fields) or Reply(200, _apply(check, fields))


def list_checks(repository: Repository, sha: str, name: str) -> Reply:
    found = [one for one in repository.checks if one.sha == sha and one.name == name]
    shown = [_show(one) for one in found[-1:]]
    return Reply(200, {"total_count": len(shown), "check_runs": shown})


def _refuse(fields: dict[str, Any]) -> Reply | None:
    output = fields.get("output") or {}
    problems = [
        what
        for what, is_wrong in {
            "annotations": len(output.get("annotations", [])) > ANNOTATIONS_MAX,
            "summary": len(output.get("summary") or "") > TEXT_CHARACTERS_MAX,
            "conclusion": fields.get("status") == "completed" and fields.get("conclusion") not in _CONCLUSIONS,
            "path": any(not one["path"] or one["path"].startswith("/") for one in output.get("annotations", [])),
            "output": bool(output) and not (output.get("title") and output.get("summary")),
            "details_url": not str(fields.get("details_url", "http://")).startswith("http"),
        }.items()
        if is_wrong
    ]
    if not problems:
        return None
    return error(422, "Invalid request.", [{"resource": "CheckRun", "code": "invalid", "field": problems[0]}])


def _apply(check: CheckRun, fields: dict[str, Any]) -> dict[str, Any]:
    for name in ("name", "external_id", "details_url", "status", "conclusion"):
        setattr(check, name, fields.get(name, getattr(check, name)))
    if check.status != "completed":
        check.conclusion = None
    output = fields.get("output") or {}
    check.title, check.summary = output.get("title", check.title), output.get("summary", check.summary)
    check.annotations += output.get("annotations", [])
    check.history.append(check.conclusion or check.status)
    return _show(check)


def _show(check: CheckRun) -> dict[str, Any]:
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": check.id,
        "node_id": "x",
        "head_sha": check.sha,
        "name": check.name,
        "url": "https://forge.example/check",
        "html_url": "https://forge.example/check",
        "details_url": check.details_url,
        "status": check.status,
        "conclusion": check.conclusion,
        "started_at": at,
        "completed_at": at if check.conclusion else None,
        "external_id": check.external_id,
        "check_suite": {"id": 1},
        "output": {
            "title": check.title,
            "summary": check.summary,
            "text": None,
            "annotations_count": len(check.annotations),
            "annotations_url": "https://forge.example/annotations",
        },
        "app": None,
        "pull_requests": [],
    }
