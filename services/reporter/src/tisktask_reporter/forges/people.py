"""What forges are asked about people: whether one may write to a repository."""

import re
from typing import cast
from urllib.parse import quote

from tisktask_reporter.forges import forgejo, github
from tisktask_reporter.forges.request import Access, ForgeRequest, repository_path

#: Of all three forges, and of GitHub's Apps. What is none is not put into an address.
_LOGIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,98})(?:\[bot\])?")
#: GitHub says `write` for its role maintain and `read` for triage; the owner is one at Forgejo and Gitea alone.
_MAY_WRITE = {"admin": True, "write": True, "owner": True, "read": False, "none": False}


def is_login(text: str) -> bool:
    """Tell whether somebody can be called so.

    >>> is_login("ada"), is_login("dependabot[bot]"), is_login(".."), is_login("a/b"), is_login("")
    (True, True, False, False, False)
    """
    return _LOGIN.fullmatch(text) is not None


def permission_request(access: Access, login: str) -> ForgeRequest | None:
    """Ask what somebody may do; None: nobody knows how."""
    path = f"{repository_path(access.full_name)}/collaborators/{quote(login, safe='')}/permission"
    if access.forge == "github":
        return github.get_request(access, path)
    return forgejo.get_request(access, path) if access.forge in {"forgejo", "gitea"} else None


def read_permission(body: object, login: str) -> bool | None:
    """Read whether they may write. None: it is not said, or of somebody else."""
    if not isinstance(body, dict):
        return None
    fields = cast("dict[str, object]", body)
    permission, user = fields.get("permission"), fields.get("user")
    named = cast("dict[str, object]", user).get("login") if isinstance(user, dict) else None
    if isinstance(named, str) and named.lower() != login.lower():
        return None
    return _MAY_WRITE.get(permission.lower()) if isinstance(permission, str) else None
