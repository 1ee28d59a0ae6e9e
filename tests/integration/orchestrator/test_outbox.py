"""The outbox: nothing committed is lost, what is about one thing arrives in order, whatever is killed."""

import asyncio

import psycopg

from nats_server import NatsServer
from orchestrator_stage import Stage, eventually, orchestrating
from tisktask_common.bus.connection import Outgoing
from tisktask_common.events import RunEvent
from tisktask_common.lifecycle import JobState
from tisktask_orchestrator.store.outbox import Posted, insert_outbox


async def post(stage: Stage, *posted: tuple[str, str, bytes]) -> None:
    """Commit messages (lane, subject, data) as a transaction of the orchestrator does."""
    async with await psycopg.AsyncConnection.connect(stage.database_url) as connection:
        messages = [Posted(lane, Outgoing(subject, data, f"{subject}-{data!r}")) for lane, subject, data in posted]
        await insert_outbox(connection, messages)


async def stored(stage: Stage, subject: str) -> list[bytes]:
    return [message.data or b"" for message in await stage.messages() if message.subject == subject]


async def test_messages_of_a_lane_keep_their_order_through_kills_of_the_bus(
    stage: Stage, nats_server: NatsServer
) -> None:
    lanes = ("a", "b", "c")

    async def keep_posting() -> None:
        for number in range(60):
            await post(stage, *((lane, f"run.created.x.y.{lane}", str(number).encode()) for lane in lanes))

    posting = asyncio.create_task(keep_posting())
    for _ in range(3):
        await asyncio.sleep(0)
        nats_server.kill()
        nats_server.start()
    await posting
    for lane in lanes:
        assert await stored(stage, f"run.created.x.y.{lane}") == [str(number).encode() for number in range(60)]


async def test_a_run_goes_on_when_the_bus_is_killed_between_its_steps(stage: Stage, nats_server: NatsServer) -> None:
    runner = await stage.runner()
    repository = await stage.add_repository()
    nats_server.kill()
    nats_server.start()
    await stage.trigger(repository)
    nats_server.kill()
    nats_server.start()
    await runner.prepare(await stage.next_work(), "build")
    nats_server.kill()
    nats_server.start()
    await runner.run(await stage.next_work())
    (run,) = await stage.rows("SELECT id, state, revision FROM api.runs")
    assert run["state"] == "succeeded"
    events = [event for event in await stage.events() if isinstance(event, RunEvent)]
    assert [event.revision for event in events] == list(range(1, run["revision"] + 1))


async def test_what_is_refused_stands_in_nobodys_way(stage: Stage) -> None:
    nowhere = ("stuck", "nowhere.at.all", b"x")
    await post(stage, nowhere, ("stuck", "run.created.x.y.behind", b"1"), ("free", "run.created.x.y.free", b"1"))

    async def free_is_there() -> bool:
        info = await stage.bus.jetstream.stream_info("EVENTS", subjects_filter="run.created.x.y.free")
        return bool(info.state.subjects)

    await eventually(free_is_there, "the other lane's message is published")
    left = await stage.rows("SELECT subject FROM orchestrator.outbox WHERE lane = 'stuck' ORDER BY id")
    assert [row["subject"] for row in left] == ["nowhere.at.all", "run.created.x.y.behind"]
    await stage.rows("DELETE FROM orchestrator.outbox WHERE subject = 'nowhere.at.all'")
    assert await stored(stage, "run.created.x.y.behind") == [b"1"]


async def test_when_the_relay_ends_another_orchestrator_goes_on(stage: Stage) -> None:
    async with orchestrating(stage.settings):
        # Whoever holds the lock is cut off; one of the two takes it again.
        for number in range(3):
            await stage.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7400011 AND granted"
            )
            await post(stage, ("a", "run.created.x.y.a", str(number).encode()))
            await stage.wait_for_empty_outbox()
        assert await stored(stage, "run.created.x.y.a") == [b"0", b"1", b"2"]


async def test_a_message_that_is_published_but_not_deleted_is_not_doubled(stage: Stage) -> None:
    await post(stage, ("a", "run.created.x.y.a", b"same"))
    await stage.wait_for_empty_outbox()
    await post(stage, ("a", "run.created.x.y.a", b"same"))
    assert await stored(stage, "run.created.x.y.a") == [b"same"]


async def test_a_move_and_its_event_are_committed_together(stage: Stage) -> None:
    """An end whose event can not be stored does not happen either: the runner asks again."""
    runner = await stage.runner()
    _, works = await stage.start_run(runner, "build")
    await runner.claim(works["build"])
    await stage.rows(
        "ALTER TABLE orchestrator.outbox ADD CONSTRAINT refuse CHECK (subject NOT LIKE 'job.finished%%') NOT VALID"
    )
    outcome = (await asyncio.gather(runner.ended(works["build"], JobState.SUCCEEDED), return_exceptions=True))[0]
    assert isinstance(outcome, Exception)
    assert (await stage.job(works["build"]))["state"] == "starting"
    await stage.rows("ALTER TABLE orchestrator.outbox DROP CONSTRAINT refuse")
    assert (await runner.ended(works["build"], JobState.SUCCEEDED)).accepted
