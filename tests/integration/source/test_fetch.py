"""Commits are fetched from a real git server, over HTTP, and from paths."""

import asyncio
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from git_server import GitRepository, GitServer, plain
from source_fetch import fetched, wanted
from tisktask_runner.source.checkout import check_out_wanted
from tisktask_runner.source.mirror import Mirrors, fetch_commit
from tisktask_runner.source.mirror_place import collect_mirrors
from tisktask_runner.source.outcomes import (
    CheckedOut,
    CommitGone,
    Fetched,
    RepositoryNotFound,
)


async def test_a_commit_is_fetched_by_its_id_without_its_history(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    old = repository.commit({"a": plain("old content")})
    sha = repository.commit({"a": plain("new")}, parent=old, message="The title\n\nThe rest")
    newer = repository.commit({"a": plain("newer")}, parent=sha)
    outcome = fetched(await fetch_commit(mirrors, wanted(server, sha)))
    assert (outcome.sha, outcome.title) == (sha, "The title")
    mirror = GitRepository(outcome.mirror)
    assert mirror.git("rev-list", sha).split() == [sha]
    for absent in (old, newer):
        with pytest.raises(RuntimeError):
            mirror.git("cat-file", "-e", absent)
    mirror.git("fsck", "--full", "--strict")


async def test_a_commit_that_is_there_needs_no_network(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    commit = wanted(server, repository.commit({"a": plain("x")}))
    first = await fetch_commit(mirrors, commit)
    server.requests.clear()
    assert await fetch_commit(mirrors, commit) == first
    assert server.requests == []


async def test_many_commits_share_one_mirror_that_stays_whole(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    sha, mirrors_seen = None, set[Path]()
    for number in range(20):
        sha = repository.commit({"a": plain("same"), "b": plain(str(number))}, parent=sha)
        mirrors_seen.add(fetched(await fetch_commit(mirrors, wanted(server, sha))).mirror)
    (mirror,) = mirrors_seen
    GitRepository(mirror).git("fsck", "--full")
    refs = GitRepository(mirror).git("for-each-ref", "--format=%(refname)").split()
    assert 1 <= len(refs) <= 17
    assert f"refs/tisktask/{sha}" in refs


@pytest.mark.parametrize(
    "lock", ["refs/tisktask/{}.lock", "refs/tisktask/other.lock", "FETCH_HEAD.lock", "shallow.lock"]
)
async def test_locks_that_a_killed_process_has_left_are_in_nobodys_way(
    server: GitServer, repository: GitRepository, mirrors: Mirrors, lock: str
) -> None:
    sha = repository.commit({"a": plain("1")})
    left = fetched(await fetch_commit(mirrors, wanted(server, sha))).mirror
    sha = repository.commit({"a": plain("2")}, parent=sha)
    (left / lock.format(sha)).touch()
    os.utime(left / lock.format(sha), (1, 1))
    for number in range(18):
        assert fetched(await fetch_commit(mirrors, wanted(server, sha))).sha == sha
        sha = repository.commit({"a": plain(str(number))}, parent=sha)


async def test_concurrent_fetches_of_one_and_of_several_commits_all_succeed(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    first = repository.commit({"a": plain("1")})
    second = repository.commit({"a": plain("2")}, parent=first)
    outcomes = await asyncio.gather(*(fetch_commit(mirrors, wanted(server, sha)) for sha in (first, second) * 4))
    assert [fetched(outcome).sha for outcome in outcomes] == [first, second] * 4
    downloads = [path for method, path, _ in server.requests if method == "GET"]
    assert len(downloads) == 2


async def test_a_forge_that_serves_no_ids_is_asked_for_the_pull_requests_ref(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    repository.git("config", "uploadpack.allowAnySHA1InWant", "false")
    repository.commit({"a": plain("main")})
    sha = repository.commit({"a": plain("proposed")}, ref="refs/pull/7/head")
    commit = wanted(server, sha, ref="refs/heads/main", fetch_ref="refs/pull/7/head")
    assert fetched(await fetch_commit(mirrors, commit)).sha == sha


async def test_a_forge_that_serves_no_ids_finds_a_commit_that_the_branch_has_moved_on_from(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    repository.git("config", "uploadpack.allowAnySHA1InWant", "false")
    sha = repository.commit({"a": plain("1")})
    repository.commit({"a": plain("2")}, parent=sha)
    assert fetched(await fetch_commit(mirrors, wanted(server, sha))).sha == sha


async def test_a_commit_that_was_force_pushed_away_is_gone(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    sha = repository.commit({"a": plain("1")})
    repository.commit({"a": plain("other")})
    repository.forget_unreachable()
    outcome = await fetch_commit(mirrors, wanted(server, sha))
    assert isinstance(outcome, CommitGone)
    assert f"Commit {sha[:12]} is not in owner/name any more" in outcome.reason


async def test_a_branch_that_was_deleted_leaves_its_commit_gone(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    repository.commit({"a": plain("1")})
    sha = repository.commit({"a": plain("2")}, ref="refs/heads/topic")
    repository.delete_ref("refs/heads/topic")
    repository.forget_unreachable()
    assert isinstance(await fetch_commit(mirrors, wanted(server, sha, ref="refs/heads/topic")), CommitGone)


async def test_an_annotated_tag_leads_to_its_commit(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    sha = repository.commit({"a": plain("1")})
    repository.git("-c", "user.name=T", "-c", "user.email=t@example.org", "tag", "-a", "-m", "x", "v1", sha)
    tag = repository.git("rev-parse", "refs/tags/v1").strip()
    assert tag != sha
    assert fetched(await fetch_commit(mirrors, wanted(server, tag, ref="refs/tags/v1"))).sha == sha


async def test_an_object_that_is_no_commit_is_refused(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    tree = repository.git("rev-parse", repository.commit({"a": plain("1")}) + "^{tree}").strip()
    outcome = await fetch_commit(mirrors, wanted(server, tree))
    assert isinstance(outcome, CommitGone)
    assert "not a commit" in outcome.reason


async def test_a_repository_that_is_not_there_is_not_found(server: GitServer, mirrors: Mirrors, absent: str) -> None:
    outcome = await fetch_commit(mirrors, wanted(server, absent))
    assert isinstance(outcome, RepositoryNotFound)
    assert server.clone_url("owner/name") in outcome.reason


async def test_a_cancelled_fetch_lets_go_at_once_and_the_next_one_works(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    commit = wanted(server, repository.commit({"a": plain("x")}))
    server.is_answering.clear()
    task = asyncio.create_task(fetch_commit(mirrors, commit))
    while not server.requests:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    server.is_answering.set()
    assert isinstance(await fetch_commit(mirrors, commit), Fetched)


@pytest.mark.parametrize("damage", ["no packs", "empty pack", "garbled pack", "no index", "head", "config"])
async def test_a_damaged_mirror_is_made_anew(
    server: GitServer, repository: GitRepository, mirrors: Mirrors, tmp_path: Path, damage: str
) -> None:
    commit = wanted(server, repository.commit({"a": plain("x")}))
    mirror = fetched(await fetch_commit(mirrors, commit)).mirror
    (pack,) = (mirror / "objects" / "pack").glob("*.pack")
    files = {"head": mirror / "HEAD", "config": mirror / "config", "no index": pack.with_suffix(".idx")}
    match damage:
        case "no packs":
            shutil.rmtree(pack.parent)
        case "empty pack" | "garbled pack":
            # A new file in its place: this process may have the old one mapped.
            content = pack.read_bytes()
            pack.unlink()
            pack.write_bytes(b"" if damage == "empty pack" else content[:20] + bytes(len(content) - 20))
        case "no index":
            files[damage].unlink()
        case _:
            files[damage].write_bytes(b"[[[\0")
    assert isinstance(await check_out_wanted(mirrors, commit, tmp_path / "checkout"), CheckedOut)
    assert (tmp_path / "checkout" / "a").read_text() == "x"


async def test_a_repository_on_this_host_is_fetched_by_its_path(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    old = repository.commit({"a": plain("1")})
    sha = repository.commit({"a": plain("2")}, parent=old)
    commit = wanted(server, sha, forge="local", clone_url=str(repository.path))
    assert fetched(await fetch_commit(mirrors, commit)).sha == sha
    assert server.requests == []
    newer = repository.commit({"a": plain("3")}, parent=sha)
    assert fetched(await fetch_commit(mirrors, replace(commit, sha=newer))).sha == newer


@pytest.mark.parametrize("has_other_commits", [True, False])
async def test_a_commit_that_a_repository_on_this_host_has_lost_is_gone(
    server: GitServer, repository: GitRepository, mirrors: Mirrors, has_other_commits: bool
) -> None:
    sha = repository.commit({"a": plain("1")})
    repository.delete_ref("refs/heads/main")
    repository.forget_unreachable()
    if has_other_commits:
        repository.commit({"a": plain("other")})
    outcome = await fetch_commit(mirrors, wanted(server, sha, forge="local", clone_url=str(repository.path)))
    assert isinstance(outcome, CommitGone), outcome
    assert f"Commit {sha[:12]} is not in owner/name any more" in outcome.reason


async def test_a_path_without_a_repository_says_so(
    server: GitServer, mirrors: Mirrors, tmp_path: Path, absent: str
) -> None:
    outcome = await fetch_commit(mirrors, wanted(server, absent, clone_url=str(tmp_path / "absent")))
    assert isinstance(outcome, RepositoryNotFound)
    assert "no git repository at" in outcome.reason


async def test_repositories_with_odd_names_stay_in_the_mirrors_folder_and_apart(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    sha = repository.commit({"a": plain("x")})
    places: set[Path] = set()
    for full_name in ("../../escape", "a/b", "a_b", "a/../b", "ä/ö", "/", "x" * 300 + "/y"):
        outcome = fetched(await fetch_commit(mirrors, wanted(server, sha, full_name=full_name)))
        assert outcome.mirror.resolve().is_relative_to(mirrors.folder.resolve())
        assert len(outcome.mirror.relative_to(mirrors.folder).parts) == 3
        places.add(outcome.mirror)
    assert len(places) == 7


async def test_mirrors_that_nobody_uses_are_collected(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    commit = wanted(server, repository.commit({"a": plain("x")}))
    mirror = fetched(await fetch_commit(mirrors, commit)).mirror
    assert collect_mirrors(mirrors.folder, unused_seconds=3600) == []
    assert collect_mirrors(mirrors.folder, unused_seconds=-1) == [mirror]
    assert not mirror.exists()
    assert isinstance(await fetch_commit(mirrors, commit), Fetched)
