"""What no webhook told of is found by looks, and becomes exactly one run, whatever webhooks come late or not at all."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from nats_server import NatsServer
from orchestrator_looks import MAIN, heads_of, look, look_row, next_look, offered, runs_of, sha, tell
from orchestrator_stage import Stage, TestRunner, eventually, staging
from tisktask_common.bus.connection import Bus
from tisktask_common.events import Repository
from tisktask_common.repository_settings import ChangeRepository
from tisktask_common.rpc import RenameRepository

A, B, C, D = (sha(letter) for letter in "abcd")
TAG = "refs/tags/v1"


@pytest.fixture
async def stage(bus: Bus, nats_server: NatsServer, database_url: str) -> AsyncIterator[Stage]:
    """Looks are made when a test wants them; nothing is waited for."""
    async with staging(
        bus,
        nats_server.url,
        database_url,
        reconcile_seconds=3600,
        reconcile_grace_seconds=0,
        reconcile_runs_max=3,
        lease_seconds=60,
    ) as stage:
        yield stage


@pytest.fixture
async def runner(stage: Stage) -> TestRunner:
    return await stage.runner()


@pytest.fixture
async def repository(stage: Stage, runner: TestRunner) -> Repository:
    """Its first look has seen main at A."""
    repository = await stage.add_repository()
    await look(runner, repository, {MAIN: A})
    return repository


async def see(stage: Stage, runner: TestRunner, repository: Repository, heads: dict[str, str]) -> None:
    """Adding a repository again wants a look: it sees these heads."""
    await stage.add_repository(repository.full_name)
    await look(runner, repository, heads)


async def hear(stage: Stage, repository: Repository, delivery: str, sha: str, base: str | None) -> None:
    """Let a webhook of a push to main come, and wait until it was handled."""
    event = await stage.trigger(repository, delivery, sha=sha, base_sha=base)

    async def probe() -> bool:
        return bool(await stage.rows("SELECT id FROM orchestrator.triggers WHERE id = %s", event.trigger_id))

    await eventually(probe, "the webhook was handled")


async def shas(stage: Stage, repository: Repository) -> list[str]:
    return [run["sha"] for run in await runs_of(stage, repository)]


async def test_what_was_there_before_the_repository_is_not_run(stage: Stage, repository: Repository) -> None:
    assert await heads_of(stage, repository) == {MAIN: A}
    assert await runs_of(stage, repository) == []


async def test_a_moved_branch_a_new_one_and_a_tag_become_one_run_each(
    stage: Stage, runner: TestRunner, repository: Repository
) -> None:
    seen = {MAIN: B, "refs/heads/new": C, TAG: D}
    for _ in range(2):
        await see(stage, runner, repository, seen)
    runs = {run["change"]["ref"]: run for run in await runs_of(stage, repository)}
    assert len(await runs_of(stage, repository)) == len(runs) == 3
    assert {run["origin"] for run in runs.values()} == {"reconcile"}
    changes = {
        ref: {key: run["change"][key] for key in ("event", "sha", "branch", "tag", "base_sha")}
        for ref, run in runs.items()
    }
    nothing = {"branch": None, "tag": None, "base_sha": None}
    assert changes == {
        MAIN: nothing | {"event": "push", "sha": B, "branch": "main", "base_sha": A},
        "refs/heads/new": nothing | {"event": "push", "sha": C, "branch": "new"},
        TAG: nothing | {"event": "tag", "sha": D, "tag": "v1"},
    }
    await runner.prepare(await stage.next_work(), "build")


async def test_what_a_webhook_told_of_is_not_run_again(
    stage: Stage, runner: TestRunner, repository: Repository
) -> None:
    await hear(stage, repository, "d1", B, A)
    await see(stage, runner, repository, {MAIN: B})
    assert await shas(stage, repository) == [B]


async def test_a_webhook_is_waited_for(bus: Bus, nats_server: NatsServer, database_url: str) -> None:
    async with staging(
        bus, nats_server.url, database_url, reconcile_seconds=3000, reconcile_grace_seconds=60, lease_seconds=60
    ) as stage:
        runner = await stage.runner()
        repository = await stage.add_repository()
        await look(runner, repository, {MAIN: A})
        for _ in range(2):
            await see(stage, runner, repository, {MAIN: B, TAG: C})
        assert await runs_of(stage, repository) == []
        row = await look_row(stage, repository)
        first_seen = await stage.rows(
            "SELECT min(first_seen_at) AS at FROM orchestrator.repository_heads WHERE sha <> %s", A
        )
        # The next look is made as soon as they have had their time.
        assert row["next_at"] == first_seen[0]["at"] + timedelta(seconds=60)
        await hear(stage, repository, "d1", B, A)
        await stage.rows("UPDATE orchestrator.repository_heads SET first_seen_at = now() - interval '1 minute'")
        await see(stage, runner, repository, {MAIN: B, TAG: C})
        assert sorted(await shas(stage, repository)) == [B, C]
        row = await look_row(stage, repository)
        assert 0.9 * 3000 <= (row["next_at"] - row["seen_at"]).total_seconds() <= 1.1 * 3000


async def test_a_webhook_that_comes_late_makes_no_second_run_but_a_later_push_does(
    stage: Stage, runner: TestRunner, repository: Repository
) -> None:
    await see(stage, runner, repository, {MAIN: C})
    # It says to follow what nobody has seen: there was another push before it.
    await hear(stage, repository, "late", C, B)
    assert await shas(stage, repository) == [C]
    ((same_as,),) = [
        list(row.values())
        for row in await stage.rows("SELECT same_as FROM orchestrator.triggers WHERE delivery = 'late'")
    ]
    assert same_as is not None
    await hear(stage, repository, "there", D, C)
    await hear(stage, repository, "and back", C, D)
    await see(stage, runner, repository, {MAIN: C})
    assert await shas(stage, repository) == [C, D, C]


async def test_a_push_back_is_no_late_webhook_although_none_came_late(
    stage: Stage, runner: TestRunner, repository: Repository
) -> None:
    await see(stage, runner, repository, {MAIN: C})
    await hear(stage, repository, "there", D, C)
    await hear(stage, repository, "and back", C, D)
    assert await shas(stage, repository) == [C, D, C]
    # And then the one that was lost: it followed A.
    await hear(stage, repository, "late", C, A)
    await see(stage, runner, repository, {MAIN: C})
    assert await shas(stage, repository) == [C, D, C]


async def test_a_late_webhook_that_is_delivered_twice_by_the_bus_makes_no_run(
    stage: Stage, runner: TestRunner, repository: Repository
) -> None:
    await see(stage, runner, repository, {MAIN: B})
    await hear(stage, repository, "late", B, A)
    await stage.trigger(repository, "late", sha=B, base_sha=A)
    await hear(stage, repository, "other", C, B)
    assert await shas(stage, repository) == [B, C]


async def test_a_push_back_that_no_webhook_told_of_is_found(
    stage: Stage, runner: TestRunner, repository: Repository
) -> None:
    await hear(stage, repository, "d1", B, A)
    await see(stage, runner, repository, {MAIN: B})
    await hear(stage, repository, "d2", C, B)
    await see(stage, runner, repository, {MAIN: C})
    for _ in range(2):
        await see(stage, runner, repository, {MAIN: B})
    assert await shas(stage, repository) == [B, C, B]


async def test_a_ref_that_is_gone_is_forgotten_and_may_come_back(
    stage: Stage, runner: TestRunner, repository: Repository
) -> None:
    await see(stage, runner, repository, {MAIN: A, TAG: B})
    await see(stage, runner, repository, {MAIN: A})
    assert await heads_of(stage, repository) == {MAIN: A}
    assert await shas(stage, repository) == [B]
    await see(stage, runner, repository, {MAIN: A, TAG: B})
    assert await shas(stage, repository) == [B, B]


async def test_many_are_run_a_few_with_each_look_and_none_is_lost(
    stage: Stage, runner: TestRunner, repository: Repository
) -> None:
    seen = {MAIN: A} | {f"refs/tags/v{number}": B for number in range(8)}
    await see(stage, runner, repository, seen)
    found = [len(await runs_of(stage, repository))]
    while found[-1] < 8:
        # Wanted by the orchestrator itself, long before the interval is over.
        await look(runner, repository, seen)
        found.append(len(await runs_of(stage, repository)))
    assert found == [3, 6, 8]
    assert len({run["change"]["ref"] for run in await runs_of(stage, repository)}) == 8


async def test_where_it_is_off_nothing_is_run_and_switching_it_on_begins_anew(
    stage: Stage, runner: TestRunner, repository: Repository
) -> None:
    async def switch(*, on: bool) -> bool:
        return (await stage.bus.request(ChangeRepository(repository_id=repository.id, reconcile=on))).reconcile

    assert not await switch(on=False)
    await see(stage, runner, repository, {MAIN: B})
    assert await heads_of(stage, repository) == {MAIN: B}
    assert await switch(on=True)
    await look(runner, repository, {MAIN: C})
    assert await runs_of(stage, repository) == []
    # On before: what is found is run.
    assert await switch(on=True)
    await see(stage, runner, repository, {MAIN: D})
    assert await shas(stage, repository) == [D]


async def test_a_repository_with_a_new_address_begins_anew(
    stage: Stage, runner: TestRunner, repository: Repository
) -> None:
    moved = "https://elsewhere.example/octo/demo.git"
    await stage.add_repository(clone_url=moved)
    await look(runner, repository, {MAIN: B})
    assert await runs_of(stage, repository) == []
    await stage.add_repository(clone_url=moved)
    await look(runner, repository, {MAIN: C})
    assert await shas(stage, repository) == [C]


async def test_a_repository_that_was_renamed_goes_on(stage: Stage, runner: TestRunner, repository: Repository) -> None:
    rename = RenameRepository(repository_id=repository.id, old_name="octo/demo", full_name="octo/new")
    assert (await stage.bus.request(rename)).accepted
    await stage.add_repository("octo/new")
    await look(runner, repository, {MAIN: B})
    assert await shas(stage, repository) == [B]


async def test_repositories_are_looked_at_by_themselves(bus: Bus, nats_server: NatsServer, database_url: str) -> None:
    async with staging(
        bus,
        nats_server.url,
        database_url,
        reconcile_seconds=0.2,
        reconcile_grace_seconds=0,
        lease_seconds=60,
        allow_local_repositories=True,
    ) as stage:
        runner = await stage.runner()
        repository = await stage.add_repository()
        folder = await stage.add_repository("octo/folder", forge="local", clone_url="/srv/demo")
        for heads in ({MAIN: A}, {MAIN: B}, {MAIN: B}):
            await look(runner, repository, heads)
        assert await shas(stage, repository) == [B]
        # In a folder commits come and go that nobody wants to run.
        assert folder.id not in await offered(runner)


async def test_a_webhook_and_a_look_at_the_same_moment_make_one_run(
    stage: Stage, runner: TestRunner, repository: Repository
) -> None:
    heads = {MAIN: A} | {f"refs/heads/b{number}": B for number in range(3)}
    await stage.add_repository(repository.full_name)
    grant = await next_look(runner, repository)
    webhooks = [
        stage.trigger(repository, ref, sha=B, ref=ref, branch=ref.removeprefix("refs/heads/"))
        for ref in heads
        if ref != MAIN
    ]
    await asyncio.gather(tell(runner, repository, grant, heads=dict(sorted(heads.items()))), *webhooks)

    async def probe() -> bool:
        rows = await stage.rows("SELECT id FROM orchestrator.triggers WHERE origin = 'webhook'")
        return len(rows) == 3

    await eventually(probe, "all webhooks were handled")
    await see(stage, runner, repository, heads)
    assert sorted(run["change"]["ref"] for run in await runs_of(stage, repository)) == sorted(set(heads) - {MAIN})


async def test_an_answer_that_is_repeated_or_comes_late_runs_nothing_twice(
    stage: Stage, runner: TestRunner, repository: Repository
) -> None:
    await stage.add_repository(repository.full_name)
    grant = await next_look(runner, repository)
    answers = await asyncio.gather(*(tell(runner, repository, grant, heads={MAIN: B}) for _ in range(5)))
    assert [answer.accepted for answer in answers].count(True) == 1
    await see(stage, runner, repository, {MAIN: C})
    assert not (await tell(runner, repository, grant, heads={MAIN: B})).accepted
    assert await shas(stage, repository) == [B, C]
