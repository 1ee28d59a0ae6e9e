"""Forgejo's and Gitea's way of taking a status: one API, but the versions differ in the states that they know."""

import re
from collections.abc import Mapping
from typing import Any

from tisktask_reporter.forges.request import USER_AGENT, Access, ForgeRequest, repository_path, status_path
from tisktask_reporter.status import Shown, StatusKey, StatusState

#: The first versions that know the state `skipped`; older ones take it but do not understand it.
_SKIPPED_SINCE_FORGEJO = (16, 0)
_SKIPPED_SINCE_GITEA = (1, 25)

# Not GitHub's media type: Forgejo would answer in GitHub's form.
_HEADERS = {"Accept": "application/json", "User-Agent": USER_AGENT}
_SCHEME = "token"
_API = "/api/v1"


def status_request(key: StatusKey, shown: Shown, access: Access, *, knows_skipped: bool) -> ForgeRequest:
    is_unknown = shown.state is StatusState.SKIPPED and not knows_skipped
    state = StatusState.SUCCESS if is_unknown else shown.state
    return ForgeRequest(
        method="POST",
        url=_api_root(access) + status_path(access.full_name, key.sha),
        headers=_HEADERS,
        scheme=_SCHEME,
        body={
            "state": state.value,
            "context": key.context,
            "description": shown.description,
            "target_url": shown.target_url,
        },
    )


def repository_request(access: Access) -> ForgeRequest:
    return ForgeRequest("GET", _api_root(access) + repository_path(access.full_name), _HEADERS, _SCHEME, None, 200)


def get_request(access: Access, path: str) -> ForgeRequest:
    return ForgeRequest("GET", _api_root(access) + path, _HEADERS, _SCHEME, None, 200)


def post_request(access: Access, path: str, body: Mapping[str, Any] | None, expected_status: int = 201) -> ForgeRequest:
    return ForgeRequest("POST", _api_root(access) + path, _HEADERS, _SCHEME, body, expected_status)


def patch_request(access: Access, path: str, body: Mapping[str, Any]) -> ForgeRequest:
    return ForgeRequest("PATCH", _api_root(access) + path, _HEADERS, _SCHEME, body, 200)


def delete_request(access: Access, path: str) -> ForgeRequest:
    return ForgeRequest("DELETE", _api_root(access) + path, _HEADERS, _SCHEME, None, 204)


def version_request(access: Access) -> ForgeRequest:
    return ForgeRequest("GET", _api_root(access) + "/version", _HEADERS, _SCHEME, None, 200)


def version_knows_skipped(version: str) -> bool:
    """Tell from the server's version whether `skipped` is a state.

    >>> version_knows_skipped("16.0.0+gitea-1.22.0"), version_knows_skipped("1.24.7"), version_knows_skipped("1.26.3")
    (True, False, True)
    """
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    if numbers is None:
        return False
    since = _SKIPPED_SINCE_FORGEJO if "+gitea-" in version else _SKIPPED_SINCE_GITEA
    return (int(numbers[1]), int(numbers[2])) >= since


def _api_root(access: Access) -> str:
    # People give the forge's address with or without the API's path.
    root = access.api_url.rstrip("/")
    return root if root.endswith(_API) else root + _API
