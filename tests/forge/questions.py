"""How each forge answers questions: open pull requests, webhooks, their deliveries; and sending one of those again."""

import urllib.parse
from datetime import UTC
from typing import Any

from forge.apps import refuse_app
from forge.rules import Call, Reply, error
from forge.samples import sample
from forge.state import Flavour, ForgeState, Hook, HookDelivery, Pull, Repository, Rights, Token

ITEMS_MAX = {Flavour.GITHUB: 100, Flavour.FORGEJO: 50, Flavour.GITEA: 50}


def answer_question(
    state: ForgeState, repository: Repository, token: Token, call: Call, rest: list[str]
) -> Reply | None:
    """Answer what this module knows; None: it is another's."""
    if not (rest[:1] == ["pulls"] or rest[:1] == ["hooks"]):
        return None
    if token.rights is Rights.NONE:
        return error(404, "Not Found", [])
    if token.is_app and rest[0] == "pulls" and (refusal := refuse_app(repository, token, "pull_requests", "read")):
        return refusal
    match call.method, rest:
        case "GET", ["pulls"]:
            return _list_pulls(state, repository, call)
        case "GET", ["pulls", number]:
            found = next((one for one in repository.pulls if str(one.number) == number), None)
            return error(404, "Not Found", []) if found is None else Reply(200, show_pull(state, repository, found))
        case _, ["hooks", *more] if state.flavour is Flavour.GITHUB:
            return _answer_about_hooks(state, repository, token, call, more)
    return error(404, "Not Found", [])


def _list_pulls(state: ForgeState, repository: Repository, call: Call) -> Reply:
    pulls = [pull for pull in repository.pulls if pull.is_open or call.query.get("state") != "open"]
    pulls.sort(key=lambda pull: pull.number, reverse=state.flavour is Flavour.GITHUB)
    return page(state, call, [show_pull(state, repository, pull) for pull in pulls])


def _answer_about_hooks(state: ForgeState, repository: Repository, token: Token, call: Call, rest: list[str]) -> Reply:
    if not token.may_see_hooks:
        wanted = {"X-Accepted-GitHub-Permissions": "repository_hooks=write"}
        return error(
            404 if repository.is_private else 403, "Resource not accessible by personal access token", headers=wanted
        )
    hook = next((hook for hook in repository.hooks if str(hook.id) == rest[0]), None)
    if hook is None:
        return error(404, "Not Found", [])
    match call.method, rest[1:]:
        case "GET", ["deliveries"]:
            return page(state, call, [show_delivery(one) for one in reversed(hook.deliveries)])
        case "POST", ["deliveries", number, "attempts"]:
            return _send_again(state, hook, number)
    return error(404, "Not Found", [])


def _send_again(state: ForgeState, hook: Hook, number: str) -> Reply:
    """The model only notes it; a test sends what is in `hook.asked_again`, with the same GUID."""
    delivery = next((one for one in hook.deliveries if str(one.id) == number), None)
    if delivery is None:
        return error(404, "Not Found", [])
    hook.asked_again.append(delivery)
    return Reply(202, {})


def page(state: ForgeState, call: Call, items: list[Any]) -> Reply:
    most = ITEMS_MAX[state.flavour]
    size = min(most, int(call.query.get("per_page" if state.flavour is Flavour.GITHUB else "limit", 30)))
    page = int(call.query.get("page", 1))
    chosen = items[(page - 1) * size : page * size]
    headers: dict[str, str] = {}
    if page * size < len(items):
        query = urllib.parse.urlencode(call.query | {"page": page + 1})
        headers["Link"] = f'<{call.root_url}{call.path}?{query}>; rel="next"'
    if state.flavour is not Flavour.GITHUB:
        headers["X-Total-Count"] = str(len(items))
    return Reply(200, chosen, headers)


def show_pull(state: ForgeState, repository: Repository, pull: Pull) -> dict[str, Any]:
    """Describe a pull request; on a fork the head's repository is another, or gone."""
    head_repo = {"id": repository.id if pull.fork_id is None else pull.fork_id}
    is_github = state.flavour is Flavour.GITHUB
    side = _github_side if is_github else _gitea_side
    body = sample(state.flavour, "whole pull") | {
        "number": pull.number,
        "title": pull.title,
        "state": "open" if pull.is_open else "closed",
        "draft": pull.is_draft,
        "user": sample(state.flavour, "user") | {"login": pull.author},
        "labels": [sample(state.flavour, "label") | {"name": name} for name in pull.labels],
        "head": side(state, pull.head_ref, pull.sha, None if pull.fork_id == 0 else head_repo),
        "base": side(state, pull.base_ref, pull.base_sha, {"id": repository.id}),
    }
    if state.flavour is Flavour.FORGEJO:
        body["flow"] = 1 if pull.is_agit else 0
    return body


def _github_side(state: ForgeState, ref: str, sha: str, repo: dict[str, Any] | None) -> dict[str, Any]:
    full = repo and sample(state.flavour, "repository") | repo
    return {"label": f"o:{ref}", "ref": ref, "sha": sha, "user": sample(state.flavour, "user"), "repo": full}


def _gitea_side(_state: ForgeState, ref: str, sha: str, repo: dict[str, Any] | None) -> dict[str, Any]:
    return {"label": ref, "ref": ref, "sha": sha, "repo_id": repo["id"] if repo else -1, "repo": repo}


def show_delivery(delivery: HookDelivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": delivery.delivered_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "redelivery": delivery.is_redelivery,
        "duration": 0.27,
        "status": "OK" if 200 <= delivery.status_code < 300 else "failed to connect to host",
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": None,
        "installation_id": None,
        "repository_id": 1,
    }
