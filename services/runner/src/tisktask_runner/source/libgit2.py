"""A mirror in the SHA-1 format, by libgit2."""

import pygit2

from tisktask_runner.source.reading import FoundCommit, NotACommit, Source, title_of
from tisktask_runner.source.transfer import GuardedCallbacks, TransferBudget, transfer


class Libgit2Mirror:
    """What fetching does with it."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository

    def find(self, sha: str) -> FoundCommit | NotACommit | None:
        found = self._repository.get(sha)
        if found is None:
            return None
        try:
            commit = found.peel(pygit2.Commit)
        except (pygit2.GitError, ValueError):
            return NotACommit()
        if commit.tree_id not in self._repository:
            return None
        return FoundCommit(str(commit.id), title_of(commit.message))

    def transfer(self, source: Source, refspec: str, depth: int, budget: TransferBudget) -> None:
        callbacks = GuardedCallbacks(source.clone_url, source.token, budget)
        transfer(self._repository, source.clone_url, refspec, depth, callbacks)

    def commit_of(self, ref: str) -> str | None:
        if ref not in self._repository.references:
            return None
        return str(self._repository.references[ref].peel(pygit2.Commit).id)

    def merge_base(self, one: str, other: str) -> str | None:
        found = self._repository.merge_base(one, other)
        return str(found) if found else None

    def delete_ref(self, ref: str) -> None:
        self._repository.references.delete(ref)


class Libgit2Blobs:
    """Its contents."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository

    def size(self, blob: str) -> int:
        return self._repository.odb.read_header(blob)[1]

    def data(self, blob: str) -> bytes:
        return self._repository[blob].peel(pygit2.Blob).data
