"""What a token may do in a repository, found out by questions that change nothing. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import quote

from tisktask_common.setup_requests import Right, RightState
from tisktask_reporter import words_for_setup as words
from tisktask_reporter.forges import forgejo, github
from tisktask_reporter.forges.hooks import hooks_page_request, impossible_request
from tisktask_reporter.forges.request import Access, Answer, ForgeRequest, repository_path, status_path

#: No commit has it: who may post statuses hears that, who may not hears that first.
_NO_COMMIT = "0" * 40
_TOLD = frozenset({400, 403, 404, 409, 422, 500})
_BYTES_MAX = 2 * 1024 * 1024
_REFUSED = frozenset({403, 404})
_NOBODY = re.compile(r"is not a user|user does not exist", re.IGNORECASE)


@dataclass(frozen=True)
class Home:
    """What the forge tells of the repository and of who asks."""

    full_name: str
    is_github: bool
    is_empty: bool
    is_archived: bool
    permissions: Mapping[str, Any] = field(default_factory=dict[str, Any])
    #: GitHub: the scopes of a classic token; None: it is none of those.
    scopes: str | None = None
    #: Somebody whose permission can be asked for.
    login: str = ""
    owner_is_person: bool = False

    def may(self, what: str) -> bool | None:
        """Say what the forge says that the token's owner may; None: it does not say."""
        told = self.permissions.get(what)
        return told if isinstance(told, bool) else None


def home_request(access: Access) -> ForgeRequest:
    return _told(_get(access, repository_path(access.full_name)))


def read_home(access: Access, answer: Answer) -> Home | None:
    """Read the repository's description; None: it is none."""
    full_name = answer.field("full_name", str)
    if full_name is None:
        return None
    owner = cast("dict[str, Any]", answer.field("owner", dict) or {})
    permissions = cast("dict[str, Any]", answer.field("permissions", dict) or {})
    is_github = access.forge == "github"
    size = answer.field("size", int)
    login = owner.get("login")
    return Home(
        full_name=full_name,
        is_github=is_github,
        is_empty=answer.field("empty", bool) or (is_github and size == 0),
        is_archived=answer.field("archived", bool) or False,
        permissions=permissions,
        scopes=answer.headers.get("x-oauth-scopes") if is_github else None,
        login=login if isinstance(login, str) else "",
        owner_is_person=owner.get("type", "User") == "User",
    )


def clock_seconds(answer: Answer, now: datetime) -> float | None:
    """Say how far the forge's clock is ahead of ours."""
    try:
        return (parsedate_to_datetime(answer.headers.get("date", "")) - now).total_seconds()
    except (ValueError, TypeError):
        return None


def questions(access: Access, home: Home) -> dict[str, ForgeRequest | None]:
    """Name the question for each right; None: the repository's description tells it, or nobody can be asked about."""
    is_github = access.forge == "github"
    code = _told(_get(access, f"{repository_path(access.full_name)}/contents/")) if is_github else None
    person = home.login if home.login and (not is_github or home.owner_is_person) else ""
    path = f"{repository_path(access.full_name)}/collaborators/{quote(person, safe='')}/permission"
    return {
        "read_code": code,
        "post_statuses": _told(_status_request(access)),
        "read_webhooks": _told(hooks_page_request(access, 1)),
        "write_webhooks": _told(impossible_request(access)),
        "read_permissions": _told(_get(access, path)) if person else None,
    }


def judge(right: str, home: Home, answer: Answer | None) -> Right:
    """Say whether the token has a right, by the forge's answer to the question."""
    needed = words.needs(right, is_github=home.is_github, is_classic=home.scopes is not None)
    if answer is None:
        return _judge_without(right, home, needed)
    if _shows_right(right, home, answer):
        return Right(name=right, state=RightState.HAS)
    if answer.status in _REFUSED:
        accepted = answer.headers.get("x-accepted-github-permissions", "")
        message = "; ".join(part for part in (answer.message, accepted) if part)
        return Right(name=right, state=RightState.LACKS, detail=words.lacks(needed, answer.status, message))
    return Right(name=right, state=RightState.UNKNOWN, detail=words.unclear(answer.status))


def _judge_without(right: str, home: Home, needed: str) -> Right:
    if right == "read_code":
        has = home.may("pull") is not False
        return Right(name=right, state=RightState.HAS if has else RightState.LACKS, detail="" if has else needed)
    return Right(name=right, state=RightState.UNKNOWN, detail=words.NOT_ASKED)


def _shows_right(right: str, home: Home, answer: Answer) -> bool:
    status = answer.status
    match right:
        case "read_code":
            return status == 200 or (status in {404, 409} and home.is_empty)
        case "post_statuses":
            # Forgejo does not know the commit (404), older ones and Gitea stumble over it (500): both after the check.
            unknown_commit = {404, 500} if not home.is_github and home.may("push") is not False else set[int]()
            return status in {201, 409, 422} | unknown_commit
        case "write_webhooks":
            return status in {201, 400, 422}
        case "read_permissions":
            # That somebody is not known is told only to those who may ask.
            return status == 200 or (status == 404 and bool(_NOBODY.search(answer.message)))
        case _:
            return status == 200


def _status_request(access: Access) -> ForgeRequest:
    body = {
        "state": "pending",
        "context": "tisktask/setup",
        "description": "whether the token may post statuses",
        "target_url": None if access.forge == "github" else "",
    }
    path = status_path(access.full_name, _NO_COMMIT)
    module = github if access.forge == "github" else forgejo
    return module.post_request(access, path, body)


def _get(access: Access, path: str) -> ForgeRequest:
    return (github if access.forge == "github" else forgejo).get_request(access, path)


def _told(request: ForgeRequest) -> ForgeRequest:
    return replace(request, also_expected=_TOLD, answer_bytes_max=_BYTES_MAX)
