"""GitHub's way of taking a status (github.com and Enterprise Server)."""

from collections.abc import Mapping
from typing import Any

from tisktask_reporter.forges.checks import checks_path
from tisktask_reporter.forges.request import USER_AGENT, Access, ForgeRequest, repository_path, status_path
from tisktask_reporter.status import Shown, StatusKey, StatusState

#: Pinned: newer versions drop fields, an expired one answers 410.
API_VERSION = "2022-11-28"

_SCHEME = "Bearer"
_HEADERS = {
    "Accept": "application/vnd.github+json",
    "User-Agent": USER_AGENT,
    "X-GitHub-Api-Version": API_VERSION,
}


def status_request(key: StatusKey, shown: Shown, access: Access) -> ForgeRequest:
    # There is no `skipped`: as `success` a required check lets the change pass, and the description says it.
    state = StatusState.SUCCESS if shown.state is StatusState.SKIPPED else shown.state
    body = {
        "state": state.value,
        "context": key.context,
        "description": shown.description,
        "target_url": shown.target_url,
    }
    return post_request(access, status_path(access.full_name, key.sha), body)


def new_check_request(access: Access, sha: str, body: Mapping[str, Any]) -> ForgeRequest:
    return post_request(access, repository_path(access.full_name) + "/check-runs", {**body, "head_sha": sha})


def check_request(access: Access, check_id: int, body: Mapping[str, Any]) -> ForgeRequest:
    path = f"{repository_path(access.full_name)}/check-runs/{check_id}"
    return patch_request(access, path, body)


def find_check_request(access: Access, key: StatusKey) -> ForgeRequest:
    return get_request(access, checks_path(repository_path(access.full_name), key.sha, key.context))


def repository_request(access: Access) -> ForgeRequest:
    return get_request(access, repository_path(access.full_name))


def installation_request(access: Access) -> ForgeRequest:
    """Ask, as the App itself, where it is installed."""
    return get_request(access, repository_path(access.full_name) + "/installation")


def installation_token_request(access: Access, installation: int, body: Mapping[str, Any]) -> ForgeRequest:
    return post_request(access, f"/app/installations/{installation}/access_tokens", body)


def get_request(access: Access, path: str) -> ForgeRequest:
    return ForgeRequest("GET", _url(access, path), _HEADERS, _SCHEME, None, 200)


def post_request(access: Access, path: str, body: Mapping[str, Any] | None, expected_status: int = 201) -> ForgeRequest:
    return ForgeRequest("POST", _url(access, path), _HEADERS, _SCHEME, body, expected_status)


def patch_request(access: Access, path: str, body: Mapping[str, Any]) -> ForgeRequest:
    return ForgeRequest("PATCH", _url(access, path), _HEADERS, _SCHEME, body, 200)


def delete_request(access: Access, path: str) -> ForgeRequest:
    return ForgeRequest("DELETE", _url(access, path), _HEADERS, _SCHEME, None, 204)


def _url(access: Access, path: str) -> str:
    return access.api_url.rstrip("/") + path
