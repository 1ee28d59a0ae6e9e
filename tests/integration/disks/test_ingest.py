"""ingest's disk is full: what it takes is never lost, what it can not take it refuses."""

from pathlib import Path

from ingest_payloads import SECRET, delivery, push
from ingest_service import Stack, running_stack, wait_until
from small_disk import small_disk


async def post(stack: Stack, name: str) -> tuple[int, str]:
    status, answer = await stack.post(delivery("github", "push", push(), delivery_id=name))
    return status, answer["id"] if status == 202 else answer["error"]["code"]


async def test_with_the_bus_away_and_the_disk_full_deliveries_are_refused_and_none_is_lost(tmp_path: Path) -> None:
    with small_disk(tmp_path / "ingest", 2) as disk:
        async with running_stack(tmp_path) as stack:
            stack.orchestrator.add("github", "octo/app", SECRET)
            await stack.wait_until_all_repositories_are_known()
            stack.nats.kill()
            taken = [await post(stack, f"before-{number}") for number in range(3)]
            disk.fill()
            assert await post(stack, "full") == (503, "no_room")
            status, body = await stack.ready()
            assert (status, body["parts"]["storage"]) == (503, False)
            assert "disk" in body["reasons"]["storage"]
            # Killed with a full disk, it starts again, and keeps what it had.
            stack.ingest.kill()
            stack.ingest.start()

            async def answers() -> bool:
                return (await stack.ready())[0] == 503

            await wait_until(answers)
            assert await post(stack, "full-again") == (503, "no_room")
            # With the bus there is another place, so the disk is not needed.
            stack.nats.start()
            await wait_until(stack.is_ready)
            taken.append(await post(stack, "by-bus"))
            disk.free()
            taken.append(await post(stack, "full"))

            async def all_there() -> bool:
                return len(await stack.triggers()) >= len(taken)

            await wait_until(all_there)
            assert sorted((202, trigger.trigger_id) for trigger in await stack.triggers()) == sorted(taken)


async def test_what_does_not_fit_on_the_disk_any_more_leaves_nothing_half_behind(tmp_path: Path) -> None:
    """The disk fills with deliveries, to the last byte: each was either taken whole or refused."""
    with small_disk(tmp_path / "ingest", 1) as disk:
        async with running_stack(tmp_path) as stack:
            stack.orchestrator.add("github", "octo/app", SECRET)
            await stack.wait_until_all_repositories_are_known()
            stack.nats.kill()
            disk.fill()
            disk.free(40_000)
            answers = [await post(stack, f"one-{number}") for number in range(40)]
            taken = [answer for answer in answers if answer[0] == 202]
            assert 0 < len(taken) < len(answers)
            assert {answer[0] for answer in answers} == {202, 503}
            disk.free()
            stack.nats.start()

            async def all_there() -> bool:
                return len(await stack.triggers()) >= len(taken)

            await wait_until(all_there)
            assert sorted((202, trigger.trigger_id) for trigger in await stack.triggers()) == sorted(taken)
            for trigger in await stack.triggers():
                assert await stack.payload(trigger) == delivery("github", "push", push()).body
