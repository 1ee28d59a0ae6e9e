"""What jobs' commands find in a real commit: programs, the images they are made of, and how often it is read."""

import asyncio
from pathlib import Path

import pytest

from git_server import GitRepository, plain, program
from tisktask_common.rpc import Policy
from tisktask_runner.jobsocket.command import CommandError
from tisktask_runner.jobsocket.commit import Commit
from tisktask_runner.jobsocket.programs import CommitFiles, ImageSource
from tisktask_runner.jobsocket.spawn_order import read_spawn_order
from tisktask_runner.source.listing import read_listing
from tisktask_runner.source.mirror import Mirrors, WantedCommit, fetch_commit
from tisktask_runner.source.outcomes import Fetched
from tisktask_runner.source.policies import read_policies
from tisktask_runner.source.recent import RecentListings
from tisktask_runner.source.tree import Entry, Listing

FILES = {
    ".tisktask/push/Containerfile": plain("FROM one\n"),
    ".tisktask/push/build": program("#!/bin/sh\n"),
    "tools/gen": program("#!/bin/sh\n# tisktask: retries=2 on=75\n"),
    "docker/test.Dockerfile": plain("FROM two\nCOPY tools /tools\n"),
}
OWN_IMAGE = ImageSource(build_file="own", image_key="key")


async def commit(tmp_path: Path) -> Commit:
    repository = GitRepository.create(tmp_path / "repository")
    sha = repository.commit(FILES)
    where = WantedCommit("local", "o/r", str(repository.path), sha, "refs/heads/main")
    fetched = await fetch_commit(Mirrors(tmp_path / "mirrors"), where)
    assert isinstance(fetched, Fetched)

    async def read(build_file: str | None) -> CommitFiles:
        listing = await read_listing(fetched.mirror, sha, build_file=build_file)
        assert isinstance(listing, Listing)
        return CommitFiles(sha, listing)

    async def read_policy(files: CommitFiles, path: str) -> Policy:
        found = await read_policies(fetched.mirror, files.listing, [path])
        assert isinstance(found, dict)
        return found[path]

    return Commit(read, read_policy, "linux/test", OWN_IMAGE)


def order(*words: str):
    return read_spawn_order("SPAWNJOB", [word.encode() for word in words])


async def test_a_program_has_the_image_of_its_nearest_build_file(tmp_path: Path) -> None:
    found = await (await commit(tmp_path)).resolve(order("push/build"))
    assert (found.path, found.build_file, found.image) == (".tisktask/push/build", ".tisktask/push/Containerfile", None)
    assert found.image_key
    assert found.policy == Policy()


async def test_a_program_elsewhere_has_the_default_image_if_there_is_none_for_all(tmp_path: Path) -> None:
    found = await (await commit(tmp_path)).resolve(order("tools/gen"))
    assert (found.path, found.build_file, found.image_key) == ("tools/gen", None, None)
    assert found.policy == Policy(retries=2, on_codes=[75])


async def test_what_a_restricted_job_starts_has_images_of_its_scope(tmp_path: Path) -> None:
    trusted = await commit(tmp_path)
    restricted = Commit(trusted.read, trusted.read_policy, trusted.platform, trusted.own_image, "pr-7")
    for words in (("push/build",), ("BUILDFILE", "docker/test.Dockerfile", "push/build")):
        keys = [(await one.resolve(order(*words))).image_key for one in (trusted, restricted)]
        assert all(keys)
        assert len(set(keys)) == 2


async def test_any_build_file_may_be_named(tmp_path: Path) -> None:
    here = await commit(tmp_path)
    found = await here.resolve(order("BUILDFILE", "docker/test.Dockerfile", "push/build"))
    assert (found.path, found.build_file) == (".tisktask/push/build", "docker/test.Dockerfile")
    assert found.image_key != (await here.resolve(order("push/build"))).image_key
    with pytest.raises(CommandError, match="no build file"):
        await here.resolve(order("BUILDFILE", "docker/nope", "push/build"))


async def test_a_command_line_has_its_parents_image_or_the_one_it_names(tmp_path: Path) -> None:
    here = await commit(tmp_path)
    own = await here.resolve(order("SHELL", "make"))
    assert (own.path, own.shell, own.build_file, own.image_key) == ("", "make", "own", "key")
    named = await here.resolve(order("IMAGE", "alpine", "SHELL", "make"))
    assert (named.image, named.build_file, named.image_key) == ("alpine", None, None)


def listing(files: int) -> Listing:
    return Listing("tree", tuple(Entry(str(number), 0o100644, "b") for number in range(files)), {})


async def test_many_who_ask_at_once_cost_one_reading() -> None:
    recent, readings = RecentListings(), 0

    async def read() -> Listing:
        nonlocal readings
        readings += 1
        await asyncio.sleep(0)
        return listing(3)

    await asyncio.gather(*(recent.get("a", read) for _ in range(20)))
    assert readings == 1


async def get(recent: RecentListings, key: str, files: int, read: list[str]) -> None:
    async def read_it() -> Listing:
        read.append(key)
        return listing(files)

    await recent.get(key, read_it)


async def test_no_more_is_kept_than_may_be() -> None:
    recent, read = RecentListings(files_max=10, kept_seconds=600), list[str]()
    for key, files in (("a", 6), ("b", 4), ("a", 6)):
        await get(recent, key, files, read)
    assert read == ["a", "b"]
    # It takes the place of the one that was not used for longest.
    for key, files in (("c", 4), ("a", 6), ("b", 4)):
        await get(recent, key, files, read)
    assert read == ["a", "b", "c", "b"]


async def test_nothing_is_kept_for_long() -> None:
    recent, read = RecentListings(kept_seconds=0.001), list[str]()
    async with asyncio.timeout(5):
        while len(read) < 2:
            await get(recent, "a", 1, read)
            await asyncio.sleep(0.01)
