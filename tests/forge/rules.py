"""How each forge answers: the rules that GitHub enforces and those that Forgejo and Gitea do not."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from forge.state import Flavour, ForgeState, Repository, Rights, Status, Token

STATUSES_MAX = 1000
GITHUB_API_VERSIONS = ("2022-11-28", "2026-03-10")


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A request as the rules see it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    root_url: str
    query: Mapping[str, str] = field(default_factory=dict)


def error(status: int, message: str, errors: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
    about = "https://forge.example/api/swagger"
    body: dict[str, Any] = {"message": message, "url": about, "documentation_url": about}
    return Reply(status, body | ({"errors": errors} if errors is not None else {}), headers or {})


def find_token(state: ForgeState, call: Call) -> Token | Reply:
    """Who calls, by the header `Authorization`; a wrong token is told from none at all."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() not in {"token", "bearer"}:
        message = "Requires authentication" if state.flavour is Flavour.GITHUB else "token is required"
        return error(401, message)
    token = state.tokens.get(value.strip())
    if token is None or (token.expires_at and token.expires_at < state.clock()):
        message = "Bad credentials" if state.flavour is Flavour.GITHUB else "invalid username, password or token"
        return error(401, message)
    return token


def refuse_headers(state: ForgeState, call: Call) -> Reply | None:
    if state.flavour is not Flavour.GITHUB:
        return None
    if not call.headers.get("user-agent"):
        return error(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent")
    version = call.headers.get("x-github-api-version", GITHUB_API_VERSIONS[0])
    if version not in GITHUB_API_VERSIONS:
        return error(400, f"API version {version} is not supported")
    return None


def refuse_writer(state: ForgeState, repository: Repository, token: Token) -> Reply | None:
    """Whether the token may set statuses here: None if it may."""
    if token.rights is Rights.NONE:
        return error(404, "Not Found", [])
    if state.flavour is Flavour.GITHUB:
        if repository.is_archived:
            return error(403, "Repository was archived so is read-only.")
        if token.rights < Rights.WRITE or not token.has_scope:
            wanted = {"X-Accepted-GitHub-Permissions": "statuses=write"}
            return error(403, "Resource not accessible by personal access token", headers=wanted)
        return None
    if not token.has_scope:
        return error(403, "token does not have at least one of required scope(s): [write:repository]")
    if token.rights < Rights.WRITE:
        return error(403, "user should have a permission to write to a repo")
    return None


def create_status(state: ForgeState, repository: Repository, sha: str, token: Token, call: Call) -> Reply:
    try:
        fields = json.loads(call.body)
    except ValueError:
        fields = None
    if not isinstance(fields, dict) or not all(isinstance(one, str | None) for one in fields.values()):
        return error(400 if state.flavour is Flavour.GITHUB else 422, "Problems parsing JSON")
    if state.flavour is Flavour.GITHUB:
        return _create_at_github(state, repository, sha, token, fields)
    return _create_at_gitea(state, repository, sha, token, fields, call.root_url)


def _create_at_github(state: ForgeState, repository: Repository, sha: str, token: Token, fields: dict) -> Reply:
    problems = [
        problem
        for problem in (
            _problem(
                "state",
                fields.get("state") not in {"error", "failure", "pending", "success"},
                "is not included in the list",
            ),
            _problem(
                "description", len(fields.get("description") or "") > 140, "is too long (maximum is 140 characters)"
            ),
            _problem("context", len(fields.get("context") or "") > 255, "is too long (maximum is 255 characters)"),
            _problem(
                "target_url",
                not re.match(r"https?://", fields.get("target_url") or "http://"),
                "must use http(s) scheme",
            ),
        )
        if problem
    ]
    if problems:
        return error(422, "Validation Failed", problems)
    if sha not in repository.commits:
        return error(422, f"No commit found for SHA: {sha}")
    same = [
        one
        for one in repository.statuses
        if one.sha == sha and state.same_context(one.context, fields.get("context", "default"))
    ]
    if len(same) >= STATUSES_MAX:
        message = "This SHA and context has reached the maximum number of statuses."
        return error(422, "Validation Failed", [{"resource": "Status", "code": "custom", "message": message}])
    status = state.add_status(repository, sha, token.login, fields)
    return Reply(201, show_status(state, status))


def _problem(name: str, is_wrong: bool, message: str) -> dict[str, str] | None:
    if not is_wrong:
        return None
    return {"resource": "Status", "code": "custom", "field": name, "message": f"{name} {message}"}


def _create_at_gitea(
    state: ForgeState, repository: Repository, sha: str, token: Token, fields: dict, root_url: str
) -> Reply:
    commit = repository.find_commit(sha)
    if commit is None:
        if state.flavour is Flavour.FORGEJO and version_numbers(state.version) >= (15, 0, 3):
            return error(404, "The target couldn't be found.", [])
        return Reply(500, {"message": "", "url": f"{root_url}/api/swagger"})
    if len(fields.get("state") or "") > 7:
        return Reply(500, {"message": "", "url": f"{root_url}/api/swagger"})
    trimmed = {name: str(value).strip() for name, value in fields.items() if value is not None}
    return Reply(201, show_status(state, state.add_status(repository, commit, token.login, trimmed)))


def version_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])


def show_status(state: ForgeState, status: Status) -> dict[str, Any]:
    at = status.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    body: dict[str, Any] = {
        "id": status.id,
        "target_url": status.target_url,
        "description": status.description,
        "context": status.context,
        "created_at": at,
        "updated_at": at,
        "url": f"https://forge.example/statuses/{status.sha}",
    }
    if state.flavour is Flavour.GITHUB:
        return body | {
            "state": status.state,
            "node_id": "x",
            "avatar_url": None,
            "creator": _github_user(status.creator),
        }
    return body | {
        "status": status.state,
        "description": status.description or "",
        "target_url": status.target_url or "",
        "creator": {"id": 1, "login": status.creator, "username": status.creator},
    }


def _github_user(login: str) -> dict[str, Any]:
    links = "avatar_url events_url followers_url following_url gists_url html_url organizations_url received_events_url repos_url starred_url subscriptions_url url"
    return dict.fromkeys(links.split(), f"https://forge.example/{login}") | {
        "login": login,
        "id": 1,
        "node_id": "x",
        "gravatar_id": None,
        "type": "User",
        "site_admin": False,
    }


def combined_state(state: ForgeState, statuses: list[Status]) -> str:
    """What the commit shows as a whole."""
    words = {one.state for one in statuses}
    if state.flavour is not Flavour.FORGEJO:
        if words & {"error", "failure"}:
            return "failure"
        return "pending" if not words or "pending" in words else "success"
    worst_first = ("error", "failure", "warning", "pending", "success", "skipped")
    worst = next((word for word in worst_first if word in words), "")
    return "failure" if worst == "error" else worst
