"""What has changed is read from git: of pushes, new branches, forced pushes and pull requests, also where little is fetched."""

from pathlib import Path
from typing import Any

import pytest

from git_server import File, GitRepository, GitServer, plain
from tisktask_common.events import Change
from tisktask_common.rpc import Policy
from tisktask_runner.attempt.commit import CommitRead
from tisktask_runner.attempt.notes import Notes
from tisktask_runner.attempt.path_filters import Filtered, filter_by_paths
from tisktask_runner.source.listing import read_listing
from tisktask_runner.source.mirror import Mirrors, WantedCommit, fetch_commit
from tisktask_runner.source.outcomes import Fetched
from tisktask_runner.source.tree import Listing

NAME = "owner/name"
POLICIES = {
    "src": Policy(paths=["src/**"]),
    "docs": Policy(paths=["docs/**"]),
    "code": Policy(paths=["!docs/**"]),
    "always": Policy(),
}


def files(**contents: str) -> dict[str | bytes, File]:
    return {"src/a": plain("1"), "docs/a": plain("1")} | {
        name.replace("_", "/"): plain(text) for name, text in contents.items()
    }


async def filtered(folder: Path, url: str, change: Change) -> Filtered:
    mirrors = Mirrors(folder / "mirrors")
    wanted = WantedCommit("github", NAME, url, change.sha, change.ref, change.fetch_ref)
    fetched = await fetch_commit(mirrors, wanted)
    assert isinstance(fetched, Fetched)
    listing = await read_listing(fetched.mirror, fetched.sha)
    assert isinstance(listing, Listing)
    return await filter_by_paths(
        mirrors, wanted, change, CommitRead(fetched, listing), POLICIES, Notes(folder / "notes")
    )


def push(sha: str, **more: Any) -> Change:
    fields: dict[str, Any] = {"event": "push", "ref": "refs/heads/main", "branch": "main", "default_branch": "main"}
    return Change(sha=sha, **(fields | more))


async def test_a_push_is_compared_with_what_the_branch_was_at(
    tmp_path: Path, server: GitServer, repository: GitRepository
) -> None:
    old = repository.commit(files())
    new = repository.commit(files(src_a="2"), parent=old)
    found = await filtered(tmp_path, server.clone_url(NAME), push(new, base_sha=old))
    assert set(found.reasons) == {"docs"}
    assert found.reasons["docs"] == "It runs for changes of docs/** only; the one changed file is none of them."
    assert found.warnings == ()
    assert "1 file has changed" in (tmp_path / "notes").read_text()


async def test_a_forced_push_is_compared_too(tmp_path: Path, server: GitServer, repository: GitRepository) -> None:
    base = repository.commit(files())
    old = repository.commit(files(src_a="2"), parent=base)
    new = repository.commit(files(docs_a="2"), parent=base)
    found = await filtered(tmp_path, server.clone_url(NAME), push(new, base_sha=old, is_forced=True))
    assert set(found.reasons) == set()


async def test_where_the_commit_before_is_gone_everything_runs_with_a_warning(
    tmp_path: Path, server: GitServer, repository: GitRepository
) -> None:
    new = repository.commit(files())
    found = await filtered(tmp_path, server.clone_url(NAME), push(new, base_sha="e" * len(new)))
    assert found.reasons == {}
    (warning,) = found.warnings
    assert "eeeeeeeeeeee" in warning


@pytest.mark.parametrize("length", [3, 120])
async def test_a_new_branch_is_compared_with_where_it_left_the_default_branch(
    tmp_path: Path, server: GitServer, repository: GitRepository, length: int
) -> None:
    """Of the history only as much is fetched as is needed: little at first."""
    parting = repository.commit(files())
    for number in range(length):
        parent = repository.git("rev-parse", "refs/heads/main").strip()
        repository.commit(files(src_a=f"main {number}"), parent=parent)
    head = parting
    for number in range(length):
        head = repository.commit(files(docs_a=f"{number}"), "refs/heads/topic", parent=head)
    change = push(head, ref="refs/heads/topic", branch="topic")
    found = await filtered(tmp_path, server.clone_url(NAME), change)
    assert (set(found.reasons), found.warnings) == ({"src", "code"}, ())


@pytest.mark.parametrize("is_local", [False, True])
async def test_a_pull_request_is_compared_with_where_it_left_its_target(
    tmp_path: Path, server: GitServer, repository: GitRepository, is_local: bool
) -> None:
    parting = repository.commit(files())
    target = repository.commit(files(src_a="2"), parent=parting)
    head = repository.commit(files(docs_a="2"), "refs/pull/5/head", parent=parting)
    change = Change(
        event="pull_request",
        action="opened",
        sha=head,
        ref="refs/pull/5/head",
        fetch_ref="refs/pull/5/head",
        base_sha=target,
        pull_request=5,
    )
    url = str(repository.path) if is_local else server.clone_url(NAME)
    found = await filtered(tmp_path, url, change)
    assert (set(found.reasons), found.warnings) == ({"src", "code"}, ())


async def test_lines_that_have_nothing_in_common_run_with_a_warning(
    tmp_path: Path, server: GitServer, repository: GitRepository
) -> None:
    repository.commit(files())
    head = repository.commit(files(docs_a="2"), "refs/heads/topic")
    found = await filtered(tmp_path, server.clone_url(NAME), push(head, ref="refs/heads/topic", branch="topic"))
    assert found.reasons == {}
    assert "no ancestor in common" in found.warnings[0]


@pytest.mark.parametrize("is_local", [False, True])
async def test_a_default_branch_that_is_not_there_is_said(
    tmp_path: Path, server: GitServer, repository: GitRepository, is_local: bool
) -> None:
    head = repository.commit(files(), "refs/heads/topic")
    url = str(repository.path) if is_local else server.clone_url(NAME)
    found = await filtered(tmp_path, url, push(head, ref="refs/heads/topic", branch="topic", default_branch="gone"))
    assert found.reasons == {}
    assert "refs/heads/gone" in found.warnings[0]


async def test_what_can_not_be_compared_runs(tmp_path: Path, server: GitServer, repository: GitRepository) -> None:
    sha = repository.commit(files())
    for change in (
        push(sha),
        push(sha, event="tag", ref="refs/tags/v1", branch=None, tag="v1"),
        push(sha, event="release", ref="refs/tags/v1", branch=None, tag="v1"),
        push(sha, branch="topic", default_branch=None),
    ):
        assert await filtered(tmp_path, server.clone_url(NAME), change) == Filtered()


async def test_the_same_commit_again_has_changed_nothing(
    tmp_path: Path, server: GitServer, repository: GitRepository
) -> None:
    sha = repository.commit(files())
    found = await filtered(tmp_path, server.clone_url(NAME), push(sha, base_sha=sha))
    assert set(found.reasons) == {"src", "docs", "code"}
    assert "no file has changed" in found.reasons["src"]
