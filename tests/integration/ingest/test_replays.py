"""Deliveries that are kept are taken once more: the same payload through the same door, as a new trigger."""

import json
import random

import pytest

from ingest_payloads import SECRET, SHA, delivery, local_push, pull_request, push
from ingest_service import Stack
from tisktask_common.errors import ConflictError, NotFoundError, UserError
from tisktask_common.ids import TriggerId
from tisktask_common.replays import ReplayDelivery, Replayed
from tisktask_common.subjects import DELIVERIES, delivery_subject

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def taken(stack: Stack, post: object) -> TriggerId:
    status, answer = await stack.post(post)  # type: ignore[arg-type]
    assert status == 202, answer
    return answer["id"]


async def replay(stack: Stack, trigger: str, request_id: str) -> Replayed:
    return await stack.bus.request(ReplayDelivery(trigger_id=TriggerId(trigger), request_id=request_id))


async def test_a_delivery_becomes_a_new_trigger_of_the_same_payload(calm_stack: Stack) -> None:
    filler = random.Random(5).randbytes(600_000).hex()
    post = delivery("forgejo", "push", push(filler=filler), delivery_id="kept")
    first = await taken(calm_stack, post)
    made = await replay(calm_stack, first, "q1")
    assert made.repository == "octo/app"
    old, new = (await calm_stack.triggers())[-2:]
    assert (old.trigger_id, new.trigger_id) == (first, made.trigger_id)
    assert new.trigger_id != old.trigger_id
    assert (new.delivery, new.change, new.forge_event) == ("replay:q1", old.change, "push")
    assert (new.payload_chunks > 1, await calm_stack.payload(new)) == (True, post.body)


async def test_the_same_request_makes_one_trigger(calm_stack: Stack) -> None:
    first = await taken(calm_stack, delivery("github", "push", push(), delivery_id="once"))
    made = [await replay(calm_stack, first, "q2") for _ in range(3)]
    assert len({one.trigger_id for one in made}) == 1
    assert [trigger.delivery for trigger in await calm_stack.triggers()].count("replay:q2") == 1
    again = await replay(calm_stack, made[0].trigger_id, "q3")
    assert again.trigger_id not in {first, made[0].trigger_id}


@pytest.mark.parametrize("forge", ["github", "gitea", "local"])
async def test_every_forge_is_understood_once_more(calm_stack: Stack, forge: str) -> None:
    post = (
        delivery("local", "push", local_push(), delivery_id="own")
        if forge == "local"
        else delivery(forge, "pull_request", pull_request(), delivery_id="own", event_type="pull_request_sync")
    )
    made = await replay(calm_stack, await taken(calm_stack, post), f"own-{forge}")
    assert (await calm_stack.triggers())[-1].trigger_id == made.trigger_id
    assert (await calm_stack.triggers())[-1].change.sha == SHA


async def test_what_is_not_kept_any_more_says_so(calm_stack: Stack) -> None:
    first = await taken(calm_stack, delivery("github", "push", push(), delivery_id="old"))
    await calm_stack.bus.jetstream.purge_stream(DELIVERIES.name, subject=delivery_subject(first, 0))
    with pytest.raises(NotFoundError, match="seven days"):
        await replay(calm_stack, first, "q4")
    for unknown in ("trg_abc", "run_x", "trg_a.b", "*", ""):
        with pytest.raises(NotFoundError):
            await replay(calm_stack, unknown, "q5")


@pytest.mark.parametrize("request_id", ["", "a b", "x" * 101, "a/b"])
async def test_a_request_id_that_could_be_no_delivery_is_refused(calm_stack: Stack, request_id: str) -> None:
    with pytest.raises(UserError, match="request_id"):
        await replay(calm_stack, "trg_abc", request_id)


async def test_what_was_kept_by_an_older_version_says_so(calm_stack: Stack) -> None:
    await calm_stack.bus.jetstream.publish(delivery_subject(TriggerId("trg_older"), 0), b"x")
    with pytest.raises(ConflictError, match="older version"):
        await replay(calm_stack, "trg_older", "q6")


async def test_a_repository_that_is_gone_takes_nothing_more(calm_stack: Stack) -> None:
    repository = calm_stack.orchestrator.add("github", "octo/leaving", SECRET)
    first = await taken(calm_stack, delivery("github", "push", push("octo/leaving"), delivery_id="leaving"))
    del calm_stack.orchestrator.hooks[repository.id]
    await calm_stack.announce_change(repository)
    await calm_stack.wait_until_all_repositories_are_known()
    with pytest.raises(NotFoundError, match="not in Tisktask"):
        await replay(calm_stack, first, "q7")


async def test_what_would_be_ignored_today_says_why(calm_stack: Stack) -> None:
    """Kept by a version that had built it."""
    first = await taken(calm_stack, delivery("github", "push", push(), delivery_id="changed"))
    message = await calm_stack.bus.jetstream.get_last_msg(DELIVERIES.name, delivery_subject(first, 0), direct=True)
    kept = json.loads((message.headers or {})["Tisktask-Delivery"])
    other = TriggerId("trg_ignored")
    await calm_stack.bus.jetstream.publish(
        delivery_subject(other, 0),
        message.data or b"",
        headers={"Tisktask-Delivery": json.dumps(kept | {"event": "create"})},
    )
    with pytest.raises(ConflictError, match="comes as a push"):
        await replay(calm_stack, other, "q8")
