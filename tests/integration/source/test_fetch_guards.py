"""What a fetch refuses, keeps to itself, or gives up on."""

import logging
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from git_server import GitRepository, GitServer, plain, serve_git
from source_fetch import fetched, wanted
from tisktask_runner.source.mirror import Mirrors, fetch_commit
from tisktask_runner.source.outcomes import (
    AccessDenied,
    CommitGone,
    Fetched,
    FetchFailed,
)

TOKEN = "s3cret-t0ken-of-the-forge"


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


@pytest.mark.parametrize("sha", ["main", "-1", "1" * 63, "1" * 39, "1" * 40 + ":refs/heads/x"])
async def test_what_is_no_commit_id_is_refused(server: GitServer, mirrors: Mirrors, sha: str) -> None:
    outcome = await fetch_commit(mirrors, wanted(server, sha))
    assert isinstance(outcome, FetchFailed)
    assert server.requests == []


async def test_a_ref_can_not_smuggle_a_refspec(
    server: GitServer, repository: GitRepository, mirrors: Mirrors, absent: str
) -> None:
    repository.commit({"a": plain("x")})
    commit = wanted(server, absent, ref="refs/heads/*:refs/heads/*", fetch_ref="+refs/heads/main")
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


async def test_a_forge_that_stays_down_ends_the_fetch_after_some_tries(
    server: GitServer, mirrors: Mirrors, absent: str
) -> None:
    server.faults[:] = [503] * 9
    outcome = await fetch_commit(mirrors, wanted(server, absent))
    assert isinstance(outcome, FetchFailed)
    assert "3 tries" in outcome.reason
    assert "503" in outcome.reason
    assert len(server.faults) == 6


async def test_a_forge_that_refuses_connections_is_named_with_its_error(
    server: GitServer, mirrors: Mirrors, absent: str
) -> None:
    outcome = await fetch_commit(mirrors, wanted(server, absent, clone_url="http://127.0.0.1:1/owner/name.git"))
    assert isinstance(outcome, FetchFailed)
    assert "Connection refused" in outcome.reason or "Failed to connect to 127.0.0.1 port 1" in outcome.reason


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


async def test_a_certificate_that_nobody_vouches_for_is_explained(
    server: GitServer, repository: GitRepository, mirrors: Mirrors, tmp_path: Path, absent: str
) -> None:
    assert repository
    with serve_git(tmp_path / "server", is_tls=True) as tls:
        started = time.monotonic()
        outcome = await fetch_commit(mirrors, wanted(server, absent, clone_url=tls.clone_url("owner/name")))
        assert isinstance(outcome, FetchFailed)
        assert "certificate of 127.0.0.1 is not trusted" in outcome.reason
        assert time.monotonic() - started < 20
