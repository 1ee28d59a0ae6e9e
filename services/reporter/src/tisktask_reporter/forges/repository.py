"""What forges are asked about a repository: its open pull requests, and at GitHub what could not be delivered to us."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import cast
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from tisktask_common.forge_requests import FailedDelivery, OpenPull
from tisktask_common.pull_requests import Number, PullRequest, describe_pull_request
from tisktask_reporter.forges import forgejo, github
from tisktask_reporter.forges.request import Access, ForgeRequest, repository_path

#: Pull requests are large on the wire; Gitea gives no more than 50 at once.
PULLS_PER_PAGE = 50
DELIVERIES_PER_PAGE = 100
#: GitHub describes one pull request with some 25 KiB, and a text of up to 256.
_PAGE_BYTES_MAX = 8 * 1024 * 1024
_PULL_BYTES_MAX = 1024 * 1024
#: Other events bring no commit.
_EVENTS = frozenset({"push", "pull_request"})
#: After so many tries to deliver one there is something wrong that another does not mend.
_TRIES_MAX = 4


class _Loose(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _ListedPull(PullRequest):
    number: Number  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]


class _Delivery(_Loose):
    id: int
    guid: str
    delivered_at: datetime
    status_code: int = 0
    event: str = ""


_DELIVERIES = TypeAdapter(list[_Delivery])


def pulls_request(access: Access, page: int) -> ForgeRequest | None:
    """Ask for a page of the open pull requests; None: nobody knows how."""
    path = f"{repository_path(access.full_name)}/pulls?state=open&page={page}"
    if access.forge == "github":
        asked = github.get_request(access, f"{path}&per_page={PULLS_PER_PAGE}")
    elif access.forge in {"forgejo", "gitea"}:
        # The oldest first: what comes meanwhile is at the end, and moves nothing to a page that was read.
        asked = forgejo.get_request(access, f"{path}&sort=oldest&limit={PULLS_PER_PAGE}")
    else:
        return None
    return replace(asked, answer_bytes_max=_PAGE_BYTES_MAX)


def pull_request_request(access: Access, number: int) -> ForgeRequest | None:
    """Ask for one pull request; None: nobody knows how."""
    path = f"{repository_path(access.full_name)}/pulls/{number}"
    if access.forge == "github":
        asked = github.get_request(access, path)
    elif access.forge in {"forgejo", "gitea"}:
        asked = forgejo.get_request(access, path)
    else:
        return None
    return replace(asked, answer_bytes_max=_PULL_BYTES_MAX)


def deliveries_request(access: Access, hook: int) -> ForgeRequest:
    path = f"{repository_path(access.full_name)}/hooks/{hook}/deliveries?per_page={DELIVERIES_PER_PAGE}"
    return replace(github.get_request(access, path), answer_bytes_max=_PAGE_BYTES_MAX)


def redelivery_request(access: Access, failed: FailedDelivery) -> ForgeRequest:
    path = f"hooks/{failed.hook_id}/deliveries/{failed.delivery_id}/attempts"
    return github.post_request(access, f"{repository_path(access.full_name)}/{path}", None, 202)


def read_pulls(body: object, *, has_agit: bool) -> tuple[list[OpenPull], int] | None:
    """Read a page of pull requests, and how many of them can not be understood. None: it is no such page."""
    if not isinstance(body, list):
        return None
    pulls: list[OpenPull] = []
    items = cast("list[object]", body)[: 2 * PULLS_PER_PAGE]
    for item in items:
        pull = read_pull(item, has_agit=has_agit)
        if pull:
            pulls.append(pull)
    return pulls, len(items) - len(pulls)


def read_pull(body: object, *, has_agit: bool) -> OpenPull | None:
    """Read one pull request. None: it can not be understood."""
    try:
        listed = _ListedPull.model_validate(body)
        change = describe_pull_request(listed, listed.number, None, has_agit=has_agit)
        update = {"event": "pull_request", "action": "opened"}
        return OpenPull(number=listed.number, change=change.model_copy(update=update))
    except ValidationError:
        return None


def find_failed(pages: list[object], hook: int, since: datetime) -> list[FailedDelivery] | None:
    """Find the deliveries that have failed and were not delivered later, each once, the oldest first."""
    try:
        tries = [one for page in pages for one in _DELIVERIES.validate_python(page) if one.event in _EVENTS]
    except ValidationError:
        return None
    by_guid: dict[str, list[_Delivery]] = {}
    for one in tries:
        by_guid.setdefault(one.guid, []).append(one)
    failed = [
        min(same, key=lambda one: one.delivered_at)
        for same in by_guid.values()
        if len(same) < _TRIES_MAX and not any(200 <= one.status_code < 300 for one in same)
    ]
    return [
        FailedDelivery(hook_id=hook, delivery_id=one.id, guid=one.guid, delivered_at=one.delivered_at)
        for one in sorted(failed, key=lambda one: one.delivered_at)
        if one.delivered_at >= since
    ]


def next_page(headers: Mapping[str, str], page: int, seen: int = 0) -> int | None:
    """Say whether there is another page: all forges link to it.

    But not Forgejo and Gitea where they list webhooks: they tell only how many there are, of which so many were `seen`.

    >>> next_page({"link": '<https://x/?page=2>; rel="next"'}, 1), next_page({}, 2), next_page({}, 1, 50)
    (2, None, None)
    >>> next_page({"x-total-count": "51"}, 1, 50), next_page({"x-total-count": "51"}, 2, 51)
    (2, None)
    """
    total = headers.get("x-total-count", "")[:10]
    is_more = 'rel="next"' in headers.get("link", "") or (total.isdecimal() and 0 < seen < int(total))
    return page + 1 if is_more else None


def next_url(headers: Mapping[str, str], api_url: str) -> str | None:
    """Find the address of the next page; never one of another host."""
    for link in headers.get("link", "").split(","):
        target, _, rest = link.strip().partition(">")
        url = target.removeprefix("<")
        if 'rel="next"' in rest and urlsplit(url)[:2] == urlsplit(api_url)[:2]:
            return url
    return None
