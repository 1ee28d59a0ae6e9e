"""What git does for us in SHA-256 repositories, and what is kept from it: settings, hooks, the token, time."""

import asyncio
import os
import stat
import threading
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from git_server import GitRepository, GitServer, plain, program, serve_git
from source_fetch import fetched, wanted
from tisktask_runner.source.checkout import check_out
from tisktask_runner.source.git_command.heads import list_heads_by_git
from tisktask_runner.source.git_command.process import GitOrder, run_git
from tisktask_runner.source.listing import read_listing
from tisktask_runner.source.mirror import Mirrors, fetch_commit
from tisktask_runner.source.outcomes import CheckedOut, CommitGone, FetchFailed
from tisktask_runner.source.reading import Source
from tisktask_runner.source.transfer import MovedElsewhereError, TransferBudget
from tisktask_runner.source.tree import Listing

TOKEN = "s3cret-t0ken-of-the-forge"


@pytest.fixture
def object_format() -> str:
    return "sha256"


async def test_an_id_of_the_other_format_is_explained(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    repository.commit({"a": plain("x")})
    server.create("owner/short").commit({"a": plain("x")})
    short, long = "1" * 40, "1" * 64
    for commit in (
        wanted(server, short),
        wanted(server, long, clone_url=server.clone_url("owner/short")),
        wanted(server, short, clone_url=str(repository.path)),
    ):
        outcome = await fetch_commit(mirrors, commit)
        assert isinstance(outcome, FetchFailed)
        assert "ids have 40 digits in the SHA-1 format and 64 in SHA-256" in outcome.reason


async def test_a_repository_that_is_made_anew_in_the_other_format_gets_another_mirror(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    long = fetched(await fetch_commit(mirrors, wanted(server, repository.commit({"a": plain("x")})))).mirror
    repository.path.rename(repository.path.with_suffix(".old"))
    anew = server.create("owner/name")
    short = fetched(await fetch_commit(mirrors, wanted(server, anew.commit({"a": plain("x")})))).mirror
    assert long != short
    assert long.name.endswith(".sha256.git")


async def test_without_git_it_is_said_what_to_install(
    server: GitServer, mirrors: Mirrors, absent: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = await fetch_commit(mirrors, wanted(server, absent))
    assert isinstance(outcome, FetchFailed)
    assert "apt-get install git" in outcome.reason


async def test_settings_and_hooks_of_this_host_have_no_say(
    server: GitServer, repository: GitRepository, mirrors: Mirrors, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch {ran}\n")
    hook.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        f"[core]\n\tfsmonitor = {hook}\n\tsshCommand = {hook}\n[credential]\n\thelper = {hook}\n"
        f'[url "{server.url}/other/"]\n\tinsteadOf = {server.url}/owner/\n'
    )
    for name, value in {
        "HOME": str(home),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "credential.helper",
        "GIT_CONFIG_VALUE_0": str(hook),
        "GIT_ASKPASS": str(hook),
        "SSH_ASKPASS": str(hook),
        "GIT_TRACE": str(tmp_path / "trace"),
        "GIT_DIR": str(home),
    }.items():
        monkeypatch.setenv(name, value)
    server.tokens.add("another")
    sha = repository.commit({"a": plain("x")})
    assert "wants a token" in str(await fetch_commit(mirrors, wanted(server, sha)))
    server.tokens.clear()
    assert fetched(await fetch_commit(mirrors, wanted(server, sha))).sha == sha
    assert not ran.exists()
    assert not (tmp_path / "trace").exists()


async def test_a_redirect_to_another_host_is_not_followed_though_it_asks_for_nothing(
    server: GitServer, repository: GitRepository, mirrors: Mirrors, tmp_path: Path
) -> None:
    commit = wanted(server, repository.commit({"a": plain("x")}), token=SecretStr(TOKEN))
    with serve_git(tmp_path / "server") as elsewhere:
        server.redirects["/owner/name.git"] = elsewhere.clone_url("owner/name")
        outcome = await fetch_commit(mirrors, commit)
        assert isinstance(outcome, FetchFailed)
        assert "redirects to another address" in outcome.reason
        source = Source(commit.clone_url, commit.token)
        budget = TransferBudget(mirrors.limits, time.monotonic() + 20, threading.Event())
        with pytest.raises(MovedElsewhereError):
            list_heads_by_git(source, budget)
        assert not [request for request in elsewhere.requests if request[2]]


async def test_the_token_is_in_no_argument_of_any_process(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    server.tokens.add(TOKEN)
    sha = repository.commit({"a": plain("x")})
    server.is_answering.clear()
    task = asyncio.create_task(fetch_commit(mirrors, wanted(server, sha, token=SecretStr(TOKEN))))
    while not server.requests:
        await asyncio.sleep(0.01)
    arguments = [line for line in command_lines() if server.clone_url("owner/name").encode() in line]
    assert arguments
    assert not [line for line in arguments if TOKEN.encode() in line]
    server.is_answering.set()
    assert fetched(await task).sha == sha
    assert (mirror_config := fetched(await fetch_commit(mirrors, wanted(server, sha))).mirror / "config").exists()
    assert TOKEN not in mirror_config.read_text()


async def test_a_cancelled_fetch_leaves_no_process_and_no_unfinished_file(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    sha = repository.commit({"a": plain("x")})
    server.is_answering.clear()
    task = asyncio.create_task(fetch_commit(mirrors, wanted(server, sha)))
    while not server.requests:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    deadline = time.monotonic() + 10
    while (here := of_server(server)) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    assert here == []
    server.is_answering.set()
    mirror = fetched(await fetch_commit(mirrors, wanted(server, sha))).mirror
    assert [*mirror.rglob("tmp_*"), *mirror.rglob("*.lock")] == []


async def test_attributes_do_not_change_what_is_written(
    server: GitServer, repository: GitRepository, mirrors: Mirrors, tmp_path: Path
) -> None:
    attributes = "* text eol=crlf ident filter=evil\nb working-tree-encoding=UTF-16\n"
    files = {".gitattributes": plain(attributes), "a": plain("1\n$Id$\n"), "b": plain("ä\n")}
    commit = fetched(await fetch_commit(mirrors, wanted(server, repository.commit(files))))
    assert isinstance(await check_out(commit.mirror, commit.sha, tmp_path / "out"), CheckedOut)
    assert (tmp_path / "out" / "a").read_bytes() == b"1\n$Id$\n"
    assert (tmp_path / "out" / "b").read_text() == "ä\n"


async def test_both_formats_give_the_same_files_and_values(
    server: GitServer, repository: GitRepository, mirrors: Mirrors, tmp_path: Path
) -> None:
    files = {
        ".tisktask/push/run": program("#!/bin/sh\n"),
        ".tisktask/push/script": plain("#!/bin/sh\n"),
        ".tisktask/Containerfile": plain("FROM a"),
        "a.b": plain("1"),
        "a/b": plain("2"),
        "a0": plain("3"),
        b"\xff": plain("4"),
    }
    seen: list[object] = []
    for one, name in ((repository, "owner/name"), (server.create("owner/short"), "owner/short")):
        commit = wanted(server, one.commit(files), full_name=name, clone_url=server.clone_url(name))
        found = fetched(await fetch_commit(mirrors, commit))
        listing = await read_listing(found.mirror, found.sha)
        assert isinstance(listing, Listing)
        place = tmp_path / found.sha
        written = await check_out(found.mirror, found.sha, place)
        assert isinstance(written, CheckedOut)
        values = [(entry.path, entry.mode, entry.head, entry.target) for entry in listing.entries]
        on_disk = {
            os.fsencode(path.relative_to(place)): (stat.S_IMODE(path.stat().st_mode), path.is_file())
            for path in place.rglob("*")
        }
        seen.append((values, listing.texts, written, on_disk))
    assert seen[0] == seen[1]


async def test_a_lock_that_a_killed_process_has_left_does_not_stay_in_the_way(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    first = repository.commit({"a": plain("1")})
    mirror = fetched(await fetch_commit(mirrors, wanted(server, first))).mirror
    (mirror / "shallow.lock").touch()
    second = repository.commit({"a": plain("2")}, parent=first)
    assert fetched(await fetch_commit(mirrors, wanted(server, second))).sha == second


async def test_tags_of_tags_of_tags_are_not_followed_for_ever(
    server: GitServer, repository: GitRepository, mirrors: Mirrors
) -> None:
    name = repository.commit({"a": plain("1")})
    kind = "commit"
    for number in range(20):
        text = f"object {name}\ntype {kind}\ntag t{number}\ntagger T <t@example.org> 1 +0000\n\nx\n"
        name = repository.git("hash-object", "-w", "-t", "tag", "--stdin", stdin=text.encode()).strip()
        kind = "tag"
    repository.git("update-ref", "refs/tags/deep", name)
    assert isinstance(await fetch_commit(mirrors, wanted(server, name, ref="refs/tags/deep")), CommitGone)


def test_git_and_what_it_has_started_end_together(tmp_path: Path) -> None:
    repository = GitRepository.create(tmp_path / "r", "sha256")
    child = tmp_path / "child"

    class TimeIsUpError(Exception):
        pass

    def watch(said: bytes) -> None:
        _ = said
        if child.exists() and child.read_text().strip():
            raise TimeIsUpError

    alias = f"alias.wait=!sleep 60 & echo $! >{child}; wait"
    with pytest.raises(TimeIsUpError):
        run_git(GitOrder(("-c", alias, "wait"), repository.path), watch)
    deadline = time.monotonic() + 10
    while is_running(child.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(child.read_text().strip())


def is_running(pid: str) -> bool:
    try:
        return b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def of_server(server: GitServer) -> list[bytes]:
    return [line for line in command_lines() if server.url.encode() in line]


def command_lines() -> list[bytes]:
    found: list[bytes] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes())
        except OSError:
            # It has ended meanwhile.
            continue
    return found
