"""A pull request's comment: the place that stands for it in the table, and its addresses, alike on all forges. Pure."""

import hashlib
import hmac

from tisktask_common.ids import RepositoryId
from tisktask_reporter.forges.request import Access, repository_path
from tisktask_reporter.status import StatusKey

_CONTEXT = "tisktask/comment"
_PULL = "pull/"


def comment_key(repository: RepositoryId, number: int) -> StatusKey:
    return StatusKey(repository, f"{_PULL}{number}", _CONTEXT)


def is_comment(key: StatusKey) -> bool:
    return key.sha.startswith(_PULL)


def pull_number(key: StatusKey) -> int:
    return int(key.sha.removeprefix(_PULL))


def comment_mark(key: StatusKey, access: Access) -> str:
    """Mark our own comment. People do not see it, and nobody else can make one that we would take for ours."""
    secret = (access.app.key if access.app else access.token).get_secret_value()
    mark = hmac.new(secret.encode(), f"comment\n{key.repository_id}\n{key.sha}".encode(), hashlib.sha256).hexdigest()
    return f"<!-- tisktask {mark[:32]} -->"


def comments_path(full_name: str, number: int, *, is_list: bool = True) -> str:
    """Name the place where comments are made and listed, the first hundred of them."""
    query = "?per_page=100&limit=100" if is_list else ""
    return f"{repository_path(full_name)}/issues/{number}/comments{query}"


def comment_path(full_name: str, number: int) -> str:
    return f"{repository_path(full_name)}/issues/comments/{number}"
