"""Commits are fetched from a real git server, over HTTP, and from paths."""

import asyncio
import logging
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from git_server import GitRepository, GitServer, plain, serve_git
from tisktask_runner.source.checkout import check_out_wanted
from tisktask_runner.source.mirror import Mirrors, WantedCommit, fetch_commit
from tisktask_runner.source.mirror_place import collect_mirrors
from tisktask_runner.source.outcomes import (
    AccessDenied,
    CheckedOut,
    CommitGone,
    Fetched,
    FetchFailed,
    FetchOutcome,
    RepositoryNotFound,
)
from tisktask_runner.source.transfer import TransferLimits

TOKEN = "s3cret-t0ken-of-the-forge"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with serve_git(tmp_path / "server") as running:
        yield running


@pytest.fixture
def repository(server: GitServer) -> GitRepository:
    return server.create("owner/name")


@pytest.fixture
def mirrors(tmp_path: Path) -> Mirrors:
    return Mirrors(tmp_path / "mirrors", TransferLimits(seconds=20, tries=3, pause_seconds=0.01))


def wanted(server: GitServer, sha: str, **changes: object) -> WantedCommit:
    commit = WantedCommit("forgejo", "owner/name", server.clone_url("owner/name"), sha, "refs/heads/main")
    return replace(commit, **changes)  # type: ignore[arg-type]


def fetched(outcome: FetchOutcome) -> Fetched:
    assert isinstance(outcome, Fetched), outcome
    return outcome


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


async def test_a_repository_that_is_not_there_is_not_found(server: GitServer, mirrors: Mirrors) -> None:
    outcome = await fetch_commit(mirrors, wanted(server, "1" * 40))
    assert isinstance(outcome, RepositoryNotFound)
    assert server.clone_url("owner/name") in outcome.reason


async def test_the_token_opens_a_private_repository(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    server.tokens.add(TOKEN)
    sha = repository.commit({"a": plain("x")})
    assert isinstance(await fetch_commit(mirrors, wanted(server, sha, token=SecretStr(TOKEN))), Fetched)


async def test_without_a_token_a_private_repository_says_so(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    server.tokens.add("another")
    outcome = await fetch_commit(mirrors, wanted(server, repository.commit({"a": plain("x")})))
    assert isinstance(outcome, AccessDenied)
    assert "wants a token for owner/name" in outcome.reason


@pytest.mark.parametrize("is_right", [True, False])
async def test_a_token_is_written_nowhere(
    server: GitServer, repository: GitRepository, mirrors: Mirrors, caplog: pytest.LogCaptureFixture, *, is_right: bool
) -> None:
    server.tokens.add(TOKEN if is_right else "another")
    caplog.set_level(logging.DEBUG)
    commit = wanted(server, repository.commit({"a": plain("x")}), token=SecretStr(TOKEN))
    with structlog.testing.capture_logs() as events:
        outcome = await fetch_commit(mirrors, commit)
    assert isinstance(outcome, Fetched if is_right else AccessDenied)
    said = f"{outcome} {events} {caplog.text} {commit}"
    files = [path for path in mirrors.folder.rglob("*") if path.is_file()]
    assert files
    assert TOKEN not in said
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []


async def test_an_address_with_a_password_is_refused_and_not_repeated(server: GitServer, mirrors: Mirrors) -> None:
    url = server.clone_url("owner/name").replace("http://", f"http://user:{TOKEN}@")
    outcome = await fetch_commit(mirrors, wanted(server, "1" * 40, clone_url=url))
    assert isinstance(outcome, FetchFailed)
    assert TOKEN not in outcome.reason
    assert server.requests == []


@pytest.mark.parametrize("url", ["ssh://git@example.org/a.git", "git@example.org:a.git", "file:///tmp", "relative", ""])
async def test_other_kinds_of_addresses_are_refused(server: GitServer, mirrors: Mirrors, url: str) -> None:
    outcome = await fetch_commit(mirrors, wanted(server, "1" * 40, clone_url=url))
    assert isinstance(outcome, FetchFailed)
    assert "must begin with https://" in outcome.reason


@pytest.mark.parametrize("sha", ["main", "-1", "1" * 64, "1" * 39, "1" * 40 + ":refs/heads/x"])
async def test_what_is_no_commit_id_is_refused(server: GitServer, mirrors: Mirrors, sha: str) -> None:
    outcome = await fetch_commit(mirrors, wanted(server, sha))
    assert isinstance(outcome, FetchFailed)
    assert server.requests == []


async def test_a_ref_can_not_smuggle_a_refspec(server: GitServer, repository: GitRepository, mirrors: Mirrors) -> None:
    repository.commit({"a": plain("x")})
    commit = wanted(server, "1" * 40, ref="refs/heads/*:refs/heads/*", fetch_ref="+refs/heads/main")
    assert isinstance(await fetch_commit(mirrors, commit), CommitGone)


async def test_a_moved_repository_is_followed_on_the_same_host(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    server.redirects["/owner/old.git"] = "/owner/name.git"
    sha = repository.commit({"a": plain("x")})
    commit = wanted(server, sha, clone_url=server.clone_url("owner/old"))
    assert fetched(await fetch_commit(mirrors, commit)).sha == sha


async def test_a_redirect_to_another_host_does_not_get_the_token(
    server: GitServer, repository: GitRepository, mirrors: Mirrors, tmp_path: Path
) -> None:
    sha = repository.commit({"a": plain("x")})
    with serve_git(tmp_path / "server", {TOKEN}) as elsewhere:
        server.redirects["/owner/name.git"] = elsewhere.clone_url("owner/name")
        outcome = await fetch_commit(mirrors, wanted(server, sha, token=SecretStr(TOKEN)))
        assert isinstance(outcome, FetchFailed)
        assert "redirects to another address" in outcome.reason
        assert [asked for *_, asked in elsewhere.requests] == [False]


async def test_a_redirect_after_the_login_does_not_carry_the_token_along(
    server: GitServer, repository: GitRepository, mirrors: Mirrors, tmp_path: Path
) -> None:
    sha = repository.commit({"a": plain("x")})
    server.tokens.add(TOKEN)
    server.redirects_after_login = True
    with serve_git(tmp_path / "server") as elsewhere:
        server.redirects["/owner/name.git"] = elsewhere.clone_url("owner/name")
        await fetch_commit(mirrors, wanted(server, sha, token=SecretStr(TOKEN)))
        assert [request for request in server.requests if request[2]]
        assert [request for request in elsewhere.requests if request[2]] == []


@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_a_forge_that_stumbles_is_asked_again(
    server: GitServer, repository: GitRepository, mirrors: Mirrors, status: int
) -> None:
    server.faults[:] = [status, status]
    assert isinstance(await fetch_commit(mirrors, wanted(server, repository.commit({"a": plain("x")}))), Fetched)


async def test_a_forge_that_stays_down_ends_the_fetch_after_some_tries(server: GitServer, mirrors: Mirrors) -> None:
    server.faults[:] = [503] * 9
    outcome = await fetch_commit(mirrors, wanted(server, "1" * 40))
    assert isinstance(outcome, FetchFailed)
    assert "3 tries" in outcome.reason
    assert "503" in outcome.reason
    assert len(server.faults) == 6


async def test_a_forge_that_refuses_connections_is_named_with_its_error(server: GitServer, mirrors: Mirrors) -> None:
    outcome = await fetch_commit(mirrors, wanted(server, "1" * 40, clone_url="http://127.0.0.1:1/owner/name.git"))
    assert isinstance(outcome, FetchFailed)
    assert "Connection refused" in outcome.reason


async def test_a_repository_that_is_too_large_is_not_fetched_whole(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    noise = subprocess.run(["head", "-c", "3000000", "/dev/urandom"], check=True, capture_output=True).stdout
    sha = repository.commit({f"f{number}": plain(noise[number * 1000 :][:1000]) for number in range(3000)})
    small = replace(mirrors, limits=replace(mirrors.limits, bytes_max=500_000))
    outcome = await fetch_commit(small, wanted(server, sha))
    assert isinstance(outcome, FetchFailed)
    assert "larger than a fetch may be (0.5 MB)" in outcome.reason
    assert isinstance(await fetch_commit(mirrors, wanted(server, sha)), Fetched)


async def test_a_fetch_that_takes_too_long_ends(server: GitServer, repository: GitRepository, mirrors: Mirrors) -> None:
    sha = repository.commit({"a": plain("x")})
    hurried = replace(mirrors, limits=replace(mirrors.limits, seconds=0))
    outcome = await fetch_commit(hurried, wanted(server, sha))
    assert isinstance(outcome, FetchFailed)
    assert "longer than 0 seconds" in outcome.reason


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


async def test_a_path_without_a_repository_says_so(server: GitServer, mirrors: Mirrors, tmp_path: Path) -> None:
    outcome = await fetch_commit(mirrors, wanted(server, "1" * 40, clone_url=str(tmp_path / "absent")))
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


async def test_a_certificate_that_nobody_vouches_for_is_explained(
    server: GitServer, mirrors: Mirrors, tmp_path: Path
) -> None:
    server.create("owner/name")
    with serve_git(tmp_path / "server", is_tls=True) as tls:
        started = time.monotonic()
        outcome = await fetch_commit(mirrors, wanted(server, "1" * 40, clone_url=tls.clone_url("owner/name")))
        assert isinstance(outcome, FetchFailed)
        assert "certificate of 127.0.0.1 is not trusted" in outcome.reason
        assert time.monotonic() - started < 20
