"""How each forge keeps webhooks, with the traps that it has for who makes and changes them; and its test deliveries."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from forge.questions import page
from forge.rules import Call, Reply, error
from forge.samples import sample
from forge.state import Flavour, ForgeState, Hook, Repository, Rights, Token
from forge.webhooks import Delivery, Push, push_delivery

_GITHUB_EVENTS_DEFAULT = ["push"]
#: What the umbrella stands for, as it is shown.
_PULL_PARTS = {
    "pull_request_only": ["pull_request"],
    "pull_request_assign": ["pull_request_assign"],
    "pull_request_label": ["pull_request_label"],
    "pull_request_milestone": ["pull_request_milestone"],
    "pull_request_comment": ["pull_request_comment"],
    "pull_request_review_request": ["pull_request_review_request"],
    "pull_request_sync": ["pull_request_sync"],
}
_REVIEWS = {
    Flavour.FORGEJO: [f"pull_request_review_{kind}" for kind in ("approved", "rejected", "comment")],
    Flavour.GITEA: ["pull_request_review"],
}
_OTHERS = {"push", "create", "delete", "fork", "release", "repository", "package", "wiki", "issues", "issue_comment"}
_CONTENT_TYPES = {"json", "form"}


@dataclass
class Outgoing:
    """A delivery on its way."""

    hook: Hook
    delivery: Delivery


def answer_about_hooks(
    state: ForgeState, repository: Repository, token: Token, call: Call, rest: list[str]
) -> Reply | None:
    """Answer what this module knows; None: it is another's."""
    if rest[:1] != ["hooks"] or rest[2:3] == ["deliveries"]:
        return None
    if refusal := _refuse(state, repository, token, call):
        return refusal
    if rest == ["hooks"]:
        if call.method == "GET":
            return _list(state, repository, call)
        return _create(state, repository, call) if call.method == "POST" else error(405, "Method Not Allowed")
    hook = next((one for one in repository.hooks if str(one.id) == rest[1]), None)
    return error(404, "Not Found", []) if hook is None else _answer_about_one(state, repository, hook, call, rest[2:])


def _answer_about_one(state: ForgeState, repository: Repository, hook: Hook, call: Call, rest: list[str]) -> Reply:
    match call.method, rest:
        case "GET", []:
            return Reply(200, show(state, hook))
        case "DELETE", []:
            repository.hooks.remove(hook)
            return Reply(204)
        case "PATCH", []:
            return _change(state, hook, _fields(call))
        case "POST", ["pings"] if state.flavour is Flavour.GITHUB:
            ping(state, repository, hook, call.root_url)
            return Reply(204)
        case "POST", ["tests"] if state.flavour is not Flavour.GITHUB:
            _send_made_up_push(state, repository, hook, call.root_url)
            return Reply(204)
    return error(404, "Not Found", [])


def _refuse(state: ForgeState, repository: Repository, token: Token, call: Call) -> Reply | None:
    """Whether the token may: None if it may."""
    is_writing = call.method != "GET"
    if token.rights is Rights.NONE:
        return error(404, "Not Found", [])
    if state.flavour is Flavour.GITHUB:
        may = token.may_see_hooks and (not is_writing or (token.rights >= Rights.ADMIN and token.may_write_hooks))
        if may:
            return None
        wanted = {"X-Accepted-GitHub-Permissions": f"repository_hooks={'write' if is_writing else 'read'}"}
        is_hidden = repository.is_private or token.scopes is not None
        return error(404 if is_hidden else 403, "Resource not accessible by personal access token", headers=wanted)
    if is_writing and not token.has_scope:
        return error(403, "token does not have at least one of required scope(s): [write:repository]")
    return None if token.rights >= Rights.ADMIN else error(403, "user should be an owner or a collaborator with admin")


def _list(state: ForgeState, repository: Repository, call: Call) -> Reply:
    reply = page(state, call, [show(state, hook) for hook in repository.hooks])
    if state.flavour is Flavour.GITHUB:
        return reply
    # Unlike elsewhere they do not link to the next page.
    return Reply(reply.status, reply.body, {"X-Total-Count": reply.headers["X-Total-Count"]})


def _fields(call: Call) -> dict[str, Any]:
    return json.loads(call.body or b"{}")


def _create(state: ForgeState, repository: Repository, call: Call) -> Reply:
    fields = _fields(call)
    config = fields.get("config") or {}
    refusal = _refuse_config(state, fields, config)
    if refusal:
        return refusal
    if state.flavour is Flavour.GITHUB:
        same = [one for one in repository.hooks if one.url == config["url"]]
        if any(one.events == fields.get("events", _GITHUB_EVENTS_DEFAULT) for one in same):
            problem = {"resource": "Hook", "code": "custom", "message": "Hook already exists on this repository"}
            return error(422, "Validation Failed", [problem])
    hook = Hook(
        id=state.next_id(),
        url=config["url"],
        is_active=fields.get("active", state.flavour is Flavour.GITHUB),
        secret=config.get("secret", ""),
        content_type=config.get("content_type", "form"),
        events=_events(state, fields.get("events")),
        branch_filter=fields.get("branch_filter", ""),
        authorization_header=fields.get("authorization_header", ""),
        kind=fields.get("type", ""),
    )
    repository.hooks.append(hook)
    if state.flavour is Flavour.GITHUB and hook.is_active:
        ping(state, repository, hook, call.root_url)
    return Reply(201, show(state, hook))


def _refuse_config(state: ForgeState, fields: dict[str, Any], config: dict[str, Any]) -> Reply | None:
    if state.flavour is Flavour.GITHUB:
        host = urlsplit(config.get("url") or "").hostname
        if not host:
            problem = {"resource": "Hook", "code": "custom", "field": "url", "message": "url cannot be blank"}
            return error(422, "Validation Failed", [problem])
        if state.refuses_private and (host == "localhost" or host.startswith("127.")):
            message = f"url is not supported because it isn't reachable over the public Internet ({host})"
            return error(422, "Validation Failed", [{"resource": "Hook", "code": "custom", "message": message}])
        return None
    if fields.get("type") not in {"forgejo", "gitea", "gogs"}:
        return error(422, f"Invalid hook type: {fields.get('type')}")
    for name in ("url", "content_type"):
        if name not in config:
            return error(422, f"Missing config option: {name}")
    return None if config["content_type"] in _CONTENT_TYPES else error(422, "Invalid content type")


def _change(state: ForgeState, hook: Hook, fields: dict[str, Any]) -> Reply:
    config = fields.get("config") or {}
    hook.url = config.get("url", hook.url)
    hook.content_type = config.get("content_type", hook.content_type)
    hook.is_active = fields.get("active", hook.is_active)
    if state.flavour is Flavour.GITHUB:
        if "config" in fields:
            # Not sent again is taken away.
            hook.secret = config.get("secret", "")
            hook.insecure_ssl = config.get("insecure_ssl", "0")
        hook.events = fields.get("events", hook.events)
        return Reply(200, show(state, hook))
    # A secret is ignored, and what is left out is reset.
    hook.events = _events(state, fields.get("events"))
    hook.branch_filter = fields.get("branch_filter", "")
    hook.authorization_header = fields.get("authorization_header", "")
    return Reply(200, show(state, hook))


def _events(state: ForgeState, names: list[str] | None) -> list[str]:
    """What is shown of what was asked for; unknown names are not said to be wrong."""
    wanted = names or ["push"]
    if state.flavour is Flavour.GITHUB:
        return list(wanted)
    shown = [name for name in wanted if name in _OTHERS]
    parts = _PULL_PARTS | {"pull_request_review": _REVIEWS[state.flavour]}
    for name, of_part in parts.items():
        if name in wanted or "pull_request" in wanted:
            shown += of_part
    return shown


def show(state: ForgeState, hook: Hook) -> dict[str, Any]:
    if state.flavour is Flavour.GITHUB:
        last = hook.last_answer
        return sample(Flavour.GITHUB, "hook") | {
            "id": hook.id,
            "name": "web",
            "active": hook.is_active,
            "events": hook.events,
            "config": {
                "url": hook.url,
                "content_type": hook.content_type,
                "insecure_ssl": hook.insecure_ssl,
                **({"secret": "********"} if hook.secret else {}),
            },
            "last_response": {"code": last[0], "status": last[1], "message": last[1]}
            if last
            else {"code": None, "status": "unused", "message": None},
        }
    return {
        "id": hook.id,
        "type": hook.kind,
        "branch_filter": hook.branch_filter,
        "active": hook.is_active,
        "events": hook.events,
        "authorization_header": hook.authorization_header,
        "config": {"url": hook.url, "content_type": hook.content_type},
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
    }


def ping(state: ForgeState, repository: Repository, hook: Hook, root_url: str) -> None:
    owner, _, name = repository.full_name.partition("/")
    about = {"id": repository.id, "name": name, "full_name": repository.full_name, "owner": {"login": owner}}
    about |= {"clone_url": f"{root_url}/{repository.full_name}.git", "html_url": f"{root_url}/{repository.full_name}"}
    payload = {"zen": "Keep it logically awesome.", "hook_id": hook.id, "repository": about, "sender": {"login": owner}}
    state.outgoing.append(Outgoing(hook, Delivery(state.flavour, "ping", payload, hook.secret)))


def _send_made_up_push(state: ForgeState, repository: Repository, hook: Hook, root_url: str) -> None:
    """A push of the default branch's head to itself; of a repository without commits there is none, and no word of it."""
    if repository.commits and hook.is_active:
        head = min(repository.commits)
        clone_url = f"{root_url}/{repository.full_name}.git"
        delivery = push_delivery(state.flavour, repository, Push(head, before=head), clone_url, hook.secret)
        state.outgoing.append(Outgoing(hook, delivery))


def send_event(state: ForgeState, repository: Repository, delivery_of: Any) -> None:
    """Send an event to all webhooks that want it: `delivery_of(secret)` makes the delivery."""
    for hook in repository.hooks:
        delivery = delivery_of(hook.secret)
        if hook.is_active and (delivery.event in hook.events or "*" in hook.events):
            state.outgoing.append(Outgoing(hook, delivery))
