"""GitHub Apps as GitHub treats them: who claims to be one, by its signature; tokens of its installations."""

import json
import secrets
from datetime import UTC, datetime
from typing import Any

import jwt

from forge.rules import Call, Reply, error, refuse_writer
from forge.state import AppAccount, ForgeState, Repository, Rights, Token

CLAIM_SECONDS_MAX = 600
TOKEN_SECONDS = 3600
_LEVELS = {"read": 1, "write": 2, "admin": 3}


def find_app(state: ForgeState, call: Call) -> AppAccount | Reply:
    """Who calls as an App, by a claim that it has signed."""
    scheme, _, claim = call.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer":
        return error(401, "A JSON web token could not be decoded")
    try:
        app = state.apps[str(jwt.decode(claim, options={"verify_signature": False})["iss"])]
        claims = jwt.decode(
            claim, app.public_key, algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
        )
    except (jwt.PyJWTError, KeyError):
        return error(401, "A JSON web token could not be decoded")
    now = state.clock()
    if claims["exp"] > now + CLAIM_SECONDS_MAX or claims["exp"] - claims["iat"] > CLAIM_SECONDS_MAX:
        return error(401, "'Expiration time' claim ('exp') is too far in the future")
    if claims["exp"] < now or claims["iat"] > now:
        return error(
            401, "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"
        )
    return app


def show_installation(state: ForgeState, repository: Repository | None, app: AppAccount, root_url: str) -> Reply:
    owner = repository.full_name.partition("/")[0] if repository else ""
    if owner not in app.owners:
        return error(404, "Not Found")
    at = datetime.fromtimestamp(state.clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Reply(
        200,
        {
            "id": app.owners[owner],
            "app_id": 1,
            "app_slug": "tisktask",
            "account": None,
            "access_tokens_url": root_url,
            "repositories_url": root_url,
            "html_url": root_url,
            "target_id": 1,
            "target_type": "User",
            "permissions": app.permissions,
            "events": ["check_run"],
            "created_at": at,
            "updated_at": at,
            "repository_selection": "all",
            "single_file_name": None,
            "suspended_by": None,
            "suspended_at": None,
        },
    )


def create_token(state: ForgeState, app: AppAccount, installation: int, call: Call) -> Reply:
    if installation not in app.owners.values():
        return error(404, "Not Found")
    owner = next(name for name, number in app.owners.items() if number == installation)
    wanted: dict[str, Any] = json.loads(call.body) or {} if call.body else {}
    permissions = wanted.get("permissions", app.permissions)
    if any(_LEVELS[level] > _LEVELS.get(app.permissions.get(name, ""), 0) for name, level in permissions.items()):
        return error(422, "The permissions requested are not granted to this installation.")
    names = wanted.get("repositories")
    known = [one.full_name for one in state.repositories if one.full_name.startswith(f"{owner}/")]
    allowed = known if names is None else [f"{owner}/{name}" for name in names]
    if not set(allowed) <= set(known):
        return error(422, "There is at least one repository that does not exist or is not accessible")
    expires_at = state.clock() + TOKEN_SECONDS
    value = f"ghs_1234_{secrets.token_urlsafe(300)}.{secrets.token_urlsafe(60)}"
    only = None if names is None else tuple(allowed)
    state.tokens[value] = Token(value, "tisktask[bot]", Rights.WRITE, True, permissions, only, True, expires_at)
    shown = datetime.fromtimestamp(expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Reply(201, {"token": value, "expires_at": shown, "permissions": permissions})


def refuse_status(state: ForgeState, repository: Repository, token: Token) -> Reply | None:
    """Whether the token may set statuses here: None if it may."""
    return refuse_app(repository, token, "statuses") if token.is_app else refuse_writer(state, repository, token)


def refuse_app(repository: Repository, token: Token, permission: str, level: str = "write") -> Reply | None:
    """Whether an App's token may do that here: None if it may."""
    if token.repositories is not None and repository.full_name not in token.repositories:
        return error(404, "Not Found")
    if _LEVELS.get((token.permissions or {}).get(permission, ""), 0) < _LEVELS[level]:
        wanted = {"X-Accepted-GitHub-Permissions": f"{permission}={level}"}
        return error(403, "Resource not accessible by integration", headers=wanted)
    return None
