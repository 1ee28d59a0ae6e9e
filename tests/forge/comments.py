"""Comments on pull requests, which all forges treat as issues there."""

import json
from dataclasses import dataclass
from typing import Any

from forge.apps import refuse_app
from forge.rules import Call, Reply, error
from forge.state import ForgeState, Repository, Rights, Token

BODY_CHARACTERS_MAX = 65_536


@dataclass
class Comment:
    id: int
    number: int
    login: str
    body: str


def answer_comment(state: ForgeState, repository: Repository, token: Token, call: Call, rest: list[str]) -> Reply:
    refusal = refuse_app(repository, token, "pull_requests") if token.is_app else None
    if refusal or (token.rights < Rights.WRITE and not token.is_app):
        return refusal or error(403, "user should have permission to write comments")
    match call.method, rest:
        case "GET", ["issues", number, "comments"]:
            return Reply(200, [_show(one) for one in repository.comments if str(one.number) == number])
        case "POST", ["issues", number, "comments"]:
            comment = Comment(state.next_id(), int(number), token.login, "")
            return _write(comment, call) or _added(repository, comment)
        case "PATCH", ["issues", "comments", number]:
            found = next((one for one in repository.comments if str(one.id) == number), None)
            return error(404, "Not Found") if found is None else (_write(found, call) or Reply(200, _show(found)))
    return error(404, "Not Found")


def _write(comment: Comment, call: Call) -> Reply | None:
    body = json.loads(call.body).get("body")
    if not body or len(body) > BODY_CHARACTERS_MAX:
        return error(422, "Validation Failed", [{"field": "body", "code": "invalid", "resource": "IssueComment"}])
    comment.body = body
    return None


def _added(repository: Repository, comment: Comment) -> Reply:
    repository.comments.append(comment)
    return Reply(201, _show(comment))


def _show(comment: Comment) -> dict[str, Any]:
    return {"id": comment.id, "body": comment.body, "user": {"login": comment.login}}
