"""Nothing that was answered with 202 is lost or doubled, whatever is killed."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ingest_payloads import SECRET, delivery, push
from ingest_service import IngestProcess, Stack, running_stack, wait_until
from standing_still import standing_still

#: What Forgejo and Gitea wait for an answer by default.
FORGE_TIMEOUT_SECONDS = 5


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path) as running:
        running.orchestrator.add("github", "octo/app", SECRET)
        await running.wait_until_all_repositories_are_known()
        yield running


async def post(stack: Stack, delivery_id: str) -> str:
    """Deliver in a forge's time; returns the trigger's id."""
    async with asyncio.timeout(FORGE_TIMEOUT_SECONDS):
        status, answer = await stack.post(delivery("github", "push", push(), delivery_id=delivery_id))
    assert status == 202, answer
    return answer["id"]


async def wait_until_spool_is_empty(stack: Stack) -> None:
    async def is_empty() -> bool:
        return await stack.is_ready() and await stack.metric("tisktask_ingest_spool_deliveries ") == 0

    await wait_until(is_empty)


async def test_while_the_bus_is_away_deliveries_wait_on_disk_and_follow_in_order(stack: Stack) -> None:
    first = await post(stack, "before")
    stack.nats.kill()
    waiting = [await post(stack, f"away-{number}") for number in range(5)]
    assert await post(stack, "away-2") == waiting[2]
    assert await stack.is_ready()
    stack.nats.start()
    await wait_until_spool_is_empty(stack)
    last = await post(stack, "after")
    assert await post(stack, "away-0") == waiting[0]
    triggers = await stack.triggers()
    assert [trigger.trigger_id for trigger in triggers] == [first, *waiting, last]
    assert await stack.payload(triggers[1]) == delivery("github", "push", push()).body


async def test_a_killed_ingest_still_verifies_without_anybody_and_publishes_what_it_kept(stack: Stack) -> None:
    stack.nats.kill()
    waiting = [await post(stack, f"first-life-{number}") for number in range(3)]
    stack.ingest.kill()
    stack.ingest.start()
    await wait_until(stack.is_ready)
    wrong = delivery("github", "push", push(), secret="wrong")
    assert (await stack.post(wrong))[0] == 401
    assert await post(stack, "first-life-1") == waiting[1]
    waiting += [await post(stack, f"second-life-{number}") for number in range(3)]
    stack.nats.start()
    await wait_until_spool_is_empty(stack)
    assert [trigger.trigger_id for trigger in await stack.triggers()] == waiting
    assert list((stack.ingest.state_dir / "spool").glob("*.delivery")) == []


async def test_a_bus_that_is_killed_again_and_again_under_load_loses_and_doubles_nothing(stack: Stack) -> None:
    accepted: list[str] = []
    is_over = asyncio.Event()

    async def deliver(name: str) -> None:
        number = 0
        while not is_over.is_set():
            accepted.append(await post(stack, f"{name}-{number}"))
            number += 1

    senders = [asyncio.create_task(deliver(f"sender-{number}")) for number in range(4)]
    for _ in range(3):
        reached = len(accepted) + 20

        async def is_reached(count: int = reached) -> bool:
            return len(accepted) >= count

        await wait_until(is_reached)
        stack.nats.kill()
        stack.nats.start()
    is_over.set()
    await asyncio.gather(*senders)
    await wait_until_spool_is_empty(stack)
    assert sorted(trigger.trigger_id for trigger in await stack.triggers()) == sorted(accepted)


async def test_a_bus_that_hangs_does_not_make_the_forge_wait_too_long(stack: Stack) -> None:
    assert stack.nats.process
    with standing_still(stack.nats.process.pid):
        trigger = await post(stack, "hanging")
    await wait_until_spool_is_empty(stack)
    assert [got.trigger_id for got in await stack.triggers()] == [trigger]


async def test_a_new_repository_delivers_while_the_bus_hangs_and_is_answered_in_time(stack: Stack) -> None:
    assert stack.nats.process
    with standing_still(stack.nats.process.pid):
        begun = time.monotonic()
        status, _ = await stack.post(delivery("github", "push", push("octo/unheard-of")))
        assert time.monotonic() - begun < FORGE_TIMEOUT_SECONDS
    assert status == 404


async def test_a_full_spool_refuses_and_says_so(tmp_path: Path) -> None:
    async with running_stack(tmp_path, TISKTASK_SPOOL_COUNT_MAX="2") as stack:
        stack.orchestrator.add("github", "octo/app", SECRET)
        await stack.wait_until_all_repositories_are_known()
        stack.nats.kill()
        kept = [await post(stack, "one"), await post(stack, "two")]
        status, answer = await stack.post(delivery("github", "push", push(), delivery_id="three"))
        assert (status, answer["error"]["code"]) == (503, "no_room")
        assert (await stack.ready())[1]["parts"] == {"repositories": True, "storage": False}
        stack.nats.start()
        await wait_until_spool_is_empty(stack)
        kept.append(await post(stack, "three"))
        assert [trigger.trigger_id for trigger in await stack.triggers()] == kept


async def test_without_any_list_of_repositories_it_is_not_ready_and_says_why(stack: Stack) -> None:
    stack.nats.kill()
    stack.ingest.kill()
    (stack.ingest.state_dir / "repositories.json").unlink()
    stack.ingest.start()

    async def answers() -> bool:
        return (await stack.ready())[0] == 503

    await wait_until(answers)
    assert (await stack.ready())[1]["parts"] == {"repositories": False, "storage": True}
    status, answer = await stack.post(delivery("github", "push", push()))
    assert (status, answer["error"]["code"]) == (503, "starting")
    stack.nats.start()
    await wait_until(stack.is_ready)
    await post(stack, "at-last")


async def test_a_second_process_waits_for_the_first_to_end(stack: Stack) -> None:
    second = IngestProcess(stack.ingest.state_dir, stack.nats.url)
    second.start()
    try:

        async def waits() -> bool:
            return "folder_belongs_to_another_process" in stack.ingest.log

        await wait_until(waits)
        assert second.process
        assert second.process.poll() is None
        assert stack.ingest.stop() == 0
        stack.ingest.port = second.port
        await wait_until(stack.is_ready)
        await post(stack, "handed-over")
    finally:
        second.kill()


async def test_it_ends_in_order_when_told_to_with_the_bus_there_or_away(stack: Stack) -> None:
    assert stack.ingest.stop() == 0
    stack.ingest.start()
    await wait_until(stack.is_ready)
    stack.nats.kill()
    await post(stack, "kept")
    assert stack.ingest.stop() == 0


async def test_while_a_stream_is_full_deliveries_wait_on_disk_and_follow_when_there_is_room(stack: Stack) -> None:
    first = await post(stack, "before")
    room = await limit_deliveries(stack, 1)
    waiting = [await post(stack, f"full-{number}") for number in range(3)]
    assert await stack.metric("tisktask_ingest_spool_deliveries ") == 3
    assert await stack.is_ready()
    await limit_deliveries(stack, room)
    await wait_until_spool_is_empty(stack)
    assert [trigger.trigger_id for trigger in await stack.triggers()] == [first, *waiting]


async def limit_deliveries(stack: Stack, bytes_max: int) -> int:
    """Set how many bytes the stream of payloads takes; returns how many it took."""
    config = (await stack.bus.jetstream.stream_info("DELIVERIES")).config
    before, config.max_bytes = config.max_bytes, bytes_max
    await stack.bus.jetstream.update_stream(config)
    return before or 0
