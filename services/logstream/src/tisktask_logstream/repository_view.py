"""A repository as the pages and the API show it."""

from tisktask_common.errors import NotFoundError
from tisktask_logstream import words
from tisktask_logstream.rows import RepositoryRecord
from tisktask_logstream.store import Store


async def require_repository(store: Store, repository: str) -> RepositoryRecord:
    """Read one; raises NotFoundError."""
    record = await store.get_repository(repository)
    if record is None:
        raise NotFoundError(words.no_such("repository", repository))
    return record
