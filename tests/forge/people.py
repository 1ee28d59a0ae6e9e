"""What each forge tells about people: who may do what in a repository, and whom it tells."""

from typing import Any

from forge.apps import refuse_app
from forge.rules import Call, Reply, error
from forge.samples import sample
from forge.state import Flavour, ForgeState, Repository, Rights, Token

#: GitHub has four levels in `permission`; the finer roles are in `role_name`.
_GITHUB_LEVELS = {"maintain": "write", "triage": "read"}


def answer_about_person(
    state: ForgeState, repository: Repository, token: Token, call: Call, rest: list[str]
) -> Reply | None:
    """Answer what this module knows; None: it is another's."""
    match call.method, rest:
        case "GET", ["collaborators", login, "permission"]:
            pass
        case _:
            return None
    if refusal := _refuse(state, repository, token, login):
        return refusal
    known = state.find_user(login)
    if known is None:
        message = f"{login} is not a user" if state.flavour is Flavour.GITHUB else "user does not exist"
        return error(404, message)
    return Reply(200, _show(state, known, _role(repository, known)))


def _refuse(state: ForgeState, repository: Repository, token: Token, login: str) -> Reply | None:
    """Whether the token may ask: None if it may."""
    if token.is_app:
        return refuse_app(repository, token, "metadata", "read")
    if token.rights is Rights.NONE:
        return error(404, "Not Found", [])
    if state.flavour is Flavour.GITHUB:
        is_enough = token.rights >= Rights.WRITE
        return None if is_enough else error(403, "Must have push access to view collaborator permission.")
    if token.rights < Rights.ADMIN and token.login.lower() != login.lower():
        return error(403, "Only admins can query all permissions, repo admins can query all repo permissions")
    return None


def _role(repository: Repository, login: str) -> str:
    # Of a public repository everybody may read.
    return repository.people.get(login, "none" if repository.is_private else "read")


def _show(state: ForgeState, login: str, role: str) -> dict[str, Any]:
    if state.flavour is Flavour.GITHUB:
        level = _GITHUB_LEVELS.get(role, role)
        return {
            "permission": level,
            "role_name": role,
            "user": sample(Flavour.GITHUB, "user") | {"login": login, "role_name": role},
        }
    return {"permission": role, "role_name": role, "user": {"id": 1, "login": login, "username": login}}
