"""Builds the webhook deliveries of pull requests and of comments on them, as each forge sends them."""

from dataclasses import replace
from typing import Any

from forge.questions import show_pull
from forge.state import Flavour, ForgeState, Pull, Repository
from forge.webhooks import Delivery

#: What each forge calls new commits of a pull request.
SYNCHRONIZE = {Flavour.GITHUB: "synchronize", Flavour.FORGEJO: "synchronized", Flavour.GITEA: "synchronized"}


def pull_delivery(
    state: ForgeState, repository: Repository, number: int, secret: str, action: str = "opened", sender: str = ""
) -> Delivery:
    """Something has happened to a pull request; its author has done it if nobody else is named."""
    pull = repository.pull(number)
    payload = {
        "action": SYNCHRONIZE[state.flavour] if action == "synchronize" else action,
        "number": number,
        "pull_request": show_pull(state, repository, pull),
        **_common(repository, sender or pull.author),
    }
    return Delivery(state.flavour, "pull_request", payload, secret)


def comment_delivery(
    state: ForgeState, repository: Repository, number: int, secret: str, *, body: str, sender: str
) -> Delivery:
    """Somebody has commented on a pull request. GitHub does not tell its head, the others do."""
    pull = repository.pull(number)
    issue = {"number": number, "title": pull.title, "state": "open", "labels": [], "user": _person(pull.author)}
    payload: dict[str, Any] = {
        "action": "created",
        "issue": issue | {"pull_request": {"merged_at": None}},
        "comment": {"id": state.next_id(), "body": body, "user": _person(sender)},
        **_common(repository, sender),
    }
    if state.flavour is not Flavour.GITHUB:
        payload |= {"is_pull": True, "pull_request": show_pull(state, repository, pull)}
    return Delivery(state.flavour, "issue_comment", payload, secret)


def add_fork_pull(state: ForgeState, repository: Repository, number: int, sha: str, author: str, **more: Any) -> Pull:
    """Open a pull request from somebody's fork."""
    pull = Pull(number, sha, "0" * 39 + "1", author=author, fork_id=state.next_id())
    return _add(repository, replace(pull, **more))


def add_agit_pull(state: ForgeState, repository: Repository, number: int, sha: str, author: str, **more: Any) -> Pull:
    """Open a pull request by a push to refs/for/: its head lies in the repository itself, pushed by a reader."""
    assert state.flavour is not Flavour.GITHUB
    pull = Pull(number, sha, "0" * 39 + "1", f"refs/pull/{number}/head", author=author, is_agit=True)
    return _add(repository, replace(pull, **more))


def _add(repository: Repository, pull: Pull) -> Pull:
    repository.pulls.append(pull)
    repository.commits.add(pull.sha)
    return pull


def _common(repository: Repository, sender: str) -> dict[str, Any]:
    owner, _, name = repository.full_name.partition("/")
    shown = {"id": repository.id, "name": name, "full_name": repository.full_name, "owner": {"login": owner}}
    return {
        "repository": shown | {"default_branch": "main", "private": repository.is_private, "fork": False},
        "sender": _person(sender),
    }


def _person(login: str) -> dict[str, Any]:
    return {"id": 7, "login": login, "type": "User"}
