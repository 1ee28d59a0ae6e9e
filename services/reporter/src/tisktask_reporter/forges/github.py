"""GitHub's way of taking a status (github.com and Enterprise Server)."""

from tisktask_reporter.forges.request import USER_AGENT, Access, ForgeRequest, repository_path, status_path
from tisktask_reporter.status import Shown, StatusKey, StatusState

#: Pinned: newer versions drop fields, an expired one answers 410.
API_VERSION = "2022-11-28"

_HEADERS = {
    "Accept": "application/vnd.github+json",
    "User-Agent": USER_AGENT,
    "X-GitHub-Api-Version": API_VERSION,
}


def status_request(key: StatusKey, shown: Shown, access: Access) -> ForgeRequest:
    # There is no `skipped`: as `success` a required check lets the change pass, and the description says it.
    state = StatusState.SUCCESS if shown.state is StatusState.SKIPPED else shown.state
    return ForgeRequest(
        method="POST",
        url=access.api_url.rstrip("/") + status_path(access.full_name, key.sha),
        headers=_HEADERS,
        scheme="Bearer",
        body={
            "state": state.value,
            "context": key.context,
            "description": shown.description,
            "target_url": shown.target_url,
        },
    )


def repository_request(access: Access) -> ForgeRequest:
    url = access.api_url.rstrip("/") + repository_path(access.full_name)
    return ForgeRequest("GET", url, _HEADERS, "Bearer")
