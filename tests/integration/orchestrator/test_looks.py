"""Looks at repositories: offered to one host at a time, answered once, given to another when they are lost."""

from collections.abc import AsyncIterator

import pytest

from nats_server import NatsServer
from orchestrator_looks import (
    MAIN,
    heads_of,
    look,
    look_row,
    next_look,
    offered,
    sha,
    take,
    tell,
)
from orchestrator_stage import Stage, eventually, staging
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import RefusedError, UserError
from tisktask_common.events import Repository
from tisktask_common.looks import HeadsSeen
from tisktask_common.rpc import RemoveRepository


@pytest.fixture
async def stage(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    """Looks are made when somebody wants them, and not by themselves."""
    async with staging(bus, nats_server.url, database_url, reconcile_seconds=0, lease_seconds=60) as stage:
        yield stage


async def want(stage: Stage, repository: Repository) -> None:
    """Adding a repository again wants a look at it."""
    await stage.add_repository(repository.full_name)


async def end_lease(stage: Stage, repository: Repository) -> None:
    """Let the time pass that a host has for its look, and the pause after it."""
    await stage.rows(
        "UPDATE orchestrator.looks SET leased_until = now(), not_before = now() WHERE repository_id = %s", repository.id
    )


async def test_a_new_repository_is_looked_at_and_its_heads_are_known(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository(sealed_token=await stage.seal("t0ken"))
    grant = await next_look(runner, repository)
    assert (grant.clone_url, grant.repository) == ("https://forge.example/octo/demo.git", repository)
    assert runner.keys.open(grant.sealed_token or "").get_secret_value() == "t0ken"
    seen = {MAIN: sha("a"), "refs/tags/v1": sha("b")}
    assert (await tell(runner, repository, grant, heads=seen, default_ref=MAIN)).accepted
    assert await heads_of(stage, repository) == seen
    (row,) = await stage.rows("SELECT * FROM api.looks")
    assert (row["error"], row["default_ref"], row["is_wanted"]) == ("", MAIN, False)
    assert row["seen_at"] is not None
    assert await offered(runner) == []


async def test_a_look_is_offered_to_one_host_and_only_to_those_that_know_looks(stage: Stage) -> None:
    old, draining, first, second = [await stage.runner(name) for name in ("old", "draining", "first", "second")]
    repository = await stage.add_repository()
    assert (await old.heartbeat()).looks == []
    assert (await draining.heartbeat(can_look=True, is_draining=True)).looks == []
    assert await offered(first) == [repository.id]
    assert await offered(first) == await offered(second) == []
    assert not (await take(second, repository)).granted
    assert (await take(first, repository)).granted
    # A request whose answer was lost is repeated.
    again = await take(first, repository)
    assert (again.granted, again.number) == (True, 1)


async def test_a_host_makes_a_few_looks_at_once(stage: Stage) -> None:
    runner = await stage.runner()
    repositories = [await stage.add_repository(f"octo/demo{number}") for number in range(6)]
    some = await offered(runner)
    assert some == [repository.id for repository in repositories[:4]]
    grant = await take(runner, repositories[0])
    await tell(runner, repositories[0], grant, heads={})
    assert await offered(runner) == [repositories[4].id]


async def test_a_lost_look_is_offered_again_and_its_late_answer_changes_nothing(stage: Stage) -> None:
    lost, other = await stage.runner("lost"), await stage.runner("other")
    repository = await stage.add_repository()
    grant = await next_look(lost, repository)
    await end_lease(stage, repository)
    newer = await next_look(other, repository)
    assert newer.number > grant.number
    late = await tell(lost, repository, grant, heads={MAIN: sha("a")}, default_ref=MAIN)
    assert not late.accepted
    assert await heads_of(stage, repository) == {}
    assert (await tell(other, repository, newer, heads={MAIN: sha("b")}, default_ref=MAIN)).accepted
    assert not (await tell(lost, repository, grant, error="too late")).accepted
    assert await heads_of(stage, repository) == {MAIN: sha("b")}
    assert (await look_row(stage, repository))["error"] == ""


async def test_an_answer_in_pieces_may_be_repeated_and_forgets_what_is_gone(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    await look(runner, repository, {f"refs/heads/{name}": sha("a") for name in "abcdefg"})
    await want(stage, repository)
    grant = await next_look(runner, repository)
    first = {"heads": {"refs/heads/a": sha("a"), "refs/heads/d": sha("d")}, "until": "refs/heads/d"}
    last = {"heads": {"refs/heads/e": sha("e"), "refs/tags/z": sha("f")}, "after": "refs/heads/d"}
    with pytest.raises(UserError, match="order"):
        await tell(runner, repository, grant, **last)
    for _ in range(2):
        assert (await tell(runner, repository, grant, **first)).accepted
    # What comes after the piece is as it was.
    assert list(await heads_of(stage, repository)) == [f"refs/heads/{name}" for name in "adefg"]
    assert (await tell(runner, repository, grant, **last)).accepted
    assert await heads_of(stage, repository) == first["heads"] | last["heads"]
    assert not (await tell(runner, repository, grant, **last)).accepted


async def test_a_failure_is_shown_and_followed_by_a_pause(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    for tries in (1, 2, 3):
        grant = await next_look(runner, repository)
        assert (await tell(runner, repository, grant, error="The forge wants a token.")).accepted
        assert await offered(runner) == []
        row = await look_row(stage, repository)
        assert (row["error"], row["tries"]) == ("The forge wants a token.", tries)
        assert (row["not_before"] - row["failed_at"]).total_seconds() == 10 * 2 ** (tries - 1)
        await end_lease(stage, repository)
    await look(runner, repository, {MAIN: sha("a")})
    row = await look_row(stage, repository)
    assert (row["error"], row["tries"], row["failed_at"]) == ("", 0, None)


async def test_a_look_that_is_never_answered_is_offered_at_ever_longer_intervals(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    pauses: list[float] = []
    for _ in range(12):
        await next_look(runner, repository)
        row = await look_row(stage, repository)
        pauses.append(round((row["not_before"] - row["taken_at"]).total_seconds() - 60))
        await end_lease(stage, repository)
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (10, 1800)


async def test_what_is_wanted_while_a_look_is_made_is_looked_at_again(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    grant = await next_look(runner, repository)
    await want(stage, repository)
    assert (await tell(runner, repository, grant, heads={MAIN: sha("a")})).accepted
    await look(runner, repository, {MAIN: sha("b")})
    assert await offered(runner) == []


async def test_a_host_can_not_answer_for_another_nor_say_what_can_not_be(stage: Stage) -> None:
    runner, other = await stage.runner("one"), await stage.runner("other")
    repository = await stage.add_repository()
    grant = await next_look(runner, repository)
    with pytest.raises(RefusedError):
        await other.bus.request(HeadsSeen(runner="one", repository_id=repository.id, number=grant.number))
    for heads in ({"refs/heads/a b": sha("a")}, {"refs/pull/x/head": sha("a")}, {MAIN: "z" * 40}, {"HEAD": sha("a")}):
        with pytest.raises(UserError):
            await tell(runner, repository, grant, heads=heads)
    with pytest.raises(UserError):
        await tell(runner, repository, grant, heads={MAIN: sha("a")}, until="refs/heads/other")
    assert await heads_of(stage, repository) == {}


async def test_a_removed_repository_is_not_looked_at_any_more(stage: Stage) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    grant = await next_look(runner, repository)
    await stage.bus.request(RemoveRepository(repository_id=repository.id))
    assert not (await tell(runner, repository, grant, heads={MAIN: sha("a")})).accepted
    assert await stage.rows("SELECT * FROM orchestrator.looks") == []


async def test_a_host_is_called_when_there_is_a_look_to_make(stage: Stage) -> None:
    runner = await stage.runner(joins=False)
    await runner.heartbeat(can_look=True)
    called = await runner.bus.client.subscribe(f"news.{runner.name}")
    await runner.bus.client.flush()
    await stage.add_repository()

    async def heard() -> bool:
        return called.pending_msgs > 0

    await eventually(heard, "news for the host")
