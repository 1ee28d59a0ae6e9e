"""What each forge tells of itself, of a token, and of what the token's owner has."""

from typing import Any

from forge.questions import page
from forge.rules import Call, Reply, error, find_token
from forge.samples import sample
from forge.state import Flavour, ForgeState, Repository, Rights, Token

GITHUB_ENTERPRISE = "3.17.0"


def answer_about_itself(state: ForgeState, call: Call) -> Reply | None:
    """Answer what needs no token (but perhaps does); None: it is another's."""
    path = call.path
    if state.flavour is Flavour.GITHUB:
        if path != "/meta":
            return None
        headers = {"X-GitHub-Enterprise-Version": GITHUB_ENTERPRISE, "X-GitHub-Request-Id": "1"}
        if state.requires_sign_in and isinstance(find_token(state, call), Reply):
            return Reply(401, {"message": "Must authenticate to access this API."}, headers)
        return Reply(200, {"verifiable_password_authentication": True, "installed_version": GITHUB_ENTERPRISE}, headers)
    is_own = path == "/api/forgejo/v1/version" and state.flavour is Flavour.FORGEJO
    if not (is_own or path == "/api/v1/version"):
        return None
    if state.requires_sign_in and isinstance(find_token(state, call), Reply):
        return error(403, "Only signed in user is allowed to call APIs.")
    return Reply(200, {"version": state.version})


def list_own(state: ForgeState, token: Token, call: Call) -> Reply:
    seen = [one for one in state.repositories if token.login not in one.hidden_from]
    return page(state, call, [show_repository(state, one, token, call.root_url) for one in seen])


def answer_about_repository(
    state: ForgeState, repository: Repository, token: Token, call: Call, rest: list[str]
) -> Reply | None:
    match call.method, rest:
        case "GET", []:
            if token.rights is Rights.NONE and repository.is_private:
                return error(404, "Not Found", [])
            headers = {} if token.scopes is None else {"X-OAuth-Scopes": token.scopes}
            return Reply(200, show_repository(state, repository, token, call.root_url), headers)
        case "GET", ["contents", *_] if state.flavour is Flavour.GITHUB:
            if not token.may_read_code:
                wanted = {"X-Accepted-GitHub-Permissions": "contents=read"}
                return error(403, "Resource not accessible by personal access token", headers=wanted)
            return Reply(200, []) if repository.commits else error(404, "This repository is empty.")
    return None


def show_repository(state: ForgeState, repository: Repository, token: Token, root_url: str) -> dict[str, Any]:
    owner, _, name = repository.full_name.partition("/")
    is_admin = token.rights >= Rights.ADMIN and token.login not in repository.not_administered_by
    permissions = {"admin": is_admin, "push": token.rights >= Rights.WRITE, "pull": token.rights >= Rights.READ}
    body = {
        "id": repository.id,
        "name": name,
        "full_name": repository.full_name,
        "clone_url": f"{root_url}/{repository.full_name}.git",
        "private": repository.is_private,
        "archived": repository.is_archived,
        "default_branch": "main",
        "permissions": permissions,
    }
    if state.flavour is Flavour.GITHUB:
        kind = "Organization" if repository.owner_is_organisation else "User"
        person = sample(Flavour.GITHUB, "user") | {"login": owner, "type": kind}
        size = 1 if repository.commits else 0
        return sample(Flavour.GITHUB, "repository") | body | {"owner": person, "size": size}
    return body | {"owner": {"id": 1, "login": owner, "username": owner}, "empty": not repository.commits}
