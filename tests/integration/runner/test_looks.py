"""A runner process looks at real repositories for a real orchestrator."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from git_server import GitServer, plain, serve_git
from nats_server import NatsServer
from orchestrator_looks import heads_of, look_row
from orchestrator_stage import Stage, TestRunner, eventually, staging
from tisktask_common.bus.connection import Bus
from tisktask_common.events import Repository
from tisktask_common.looks import PIECE_BYTES_MAX
from tisktask_runner.scout import Scout, cut


@pytest.fixture
async def stage(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    async with staging(bus, nats_server.url, database_url, reconcile_seconds=0) as stage:
        yield stage


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with serve_git(tmp_path, {"t0ken"}) as server:
        yield server


async def look_once(stage: Stage, runner: TestRunner, repository: Repository) -> None:
    """Do what a heartbeat's answer says, and wait until the look is answered."""
    scout = Scout(runner.bus, runner.name, runner.keys)

    async def is_offered() -> bool:
        looks = (await runner.heartbeat(can_look=scout.can_look)).looks
        scout.offer(looks)
        return bool(looks)

    async def is_answered() -> bool:
        return (await look_row(stage, repository))["leased_until"] is None

    await eventually(is_offered, "a look is offered")
    await eventually(is_answered, "the look is answered")
    await scout.close()


async def test_what_the_repository_stands_at_becomes_known(stage: Stage, server: GitServer) -> None:
    git = server.create("octo/demo")
    sha = git.commit({"a": plain("1")})
    # More than one piece of an answer holds.
    names = [f"refs/tags/{number:05}-{'x' * 150}" for number in range(3000)]
    git.git("update-ref", "--stdin", stdin="".join(f"create {name} {sha}\n" for name in names).encode())
    git.git("pack-refs", "--all")
    runner = await stage.runner()
    repository = await stage.add_repository(
        clone_url=server.clone_url("octo/demo"), sealed_token=await stage.seal("t0ken")
    )
    await look_once(stage, runner, repository)
    assert await heads_of(stage, repository) == {"refs/heads/main": sha} | dict.fromkeys(names, sha)
    assert (await look_row(stage, repository))["default_ref"] == "refs/heads/main"


async def test_why_it_can_not_be_seen_is_known_too(stage: Stage, server: GitServer) -> None:
    server.create("octo/demo")
    runner = await stage.runner()
    repository = await stage.add_repository(clone_url=server.clone_url("octo/demo"))
    await look_once(stage, runner, repository)
    row = await look_row(stage, repository)
    assert row["error"].startswith("The forge wants a token for octo/demo")
    assert row["seen_at"] is None


def test_heads_are_cut_into_pieces_that_fit() -> None:
    heads = {f"refs/heads/{number:04}ä": "a" * 40 for number in range(100)}
    pieces = cut(heads, 1000)
    assert [ref for piece in pieces for ref in piece] == list(heads)
    assert all(1 <= len(piece) <= 15 for piece in pieces)
    assert cut({}, PIECE_BYTES_MAX) == [{}]
    assert cut({"refs/heads/x": "a"}, 1) == [{"refs/heads/x": "a"}]
