"""What ingest tells of deliveries: that they came, and which secret has signed them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from ingest_payloads import SECRET, delivery, push
from ingest_service import FIRST_NUMBER, Stack, running_stack, wait_until
from tisktask_common.delivery_notes import DeliverySeen


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    async with running_stack(tmp_path) as running:
        running.orchestrator.add("github", "octo/app", SECRET, "the next one")
        await running.wait_until_all_repositories_are_known()
        yield running


async def send(stack: Stack, event: str = "push", secret: str = SECRET, delivery_id: str = "d") -> int:
    body = push("octo/app") if event == "push" else {"zen": "z", "repository": push("octo/app")["repository"]}
    return (await stack.post(delivery("github", event, body, secret=secret, delivery_id=delivery_id)))[0]


def told(stack: Stack, *kinds: DeliverySeen) -> Callable[[], Awaitable[bool]]:
    async def probe() -> bool:
        return [one.kind for one in stack.orchestrator.notes] == list(kinds)

    return probe


async def test_of_many_deliveries_the_first_is_told_and_every_test(stack: Stack) -> None:
    for number in range(5):
        assert await send(stack, delivery_id=f"d{number}") == 202
    await wait_until(told(stack, DeliverySeen.EVENT))
    assert await send(stack, "ping", delivery_id="p1") == 202
    await wait_until(told(stack, DeliverySeen.EVENT, DeliverySeen.TEST))
    assert await send(stack, "ping", delivery_id="p2") == 202
    await wait_until(told(stack, DeliverySeen.EVENT, DeliverySeen.TEST, DeliverySeen.TEST))
    first = stack.orchestrator.notes[0]
    assert (first.event, first.secret_number) == ("push", FIRST_NUMBER)


async def test_the_first_delivery_of_another_secret_is_told_at_once(stack: Stack) -> None:
    assert await send(stack) == 202
    await wait_until(told(stack, DeliverySeen.EVENT))
    assert await send(stack, secret="the next one", delivery_id="d2") == 202
    await wait_until(told(stack, DeliverySeen.EVENT, DeliverySeen.EVENT))
    assert [one.secret_number for one in stack.orchestrator.notes] == [FIRST_NUMBER, FIRST_NUMBER + 1]


async def test_a_wrong_signature_is_told_too(stack: Stack) -> None:
    assert await send(stack, secret="nobody's") == 401
    await wait_until(told(stack, DeliverySeen.WRONG_SIGNATURE))
    assert stack.orchestrator.notes[0].secret_number is None


async def test_what_nobody_heard_is_told_when_somebody_does(stack: Stack) -> None:
    stack.nats.kill()
    assert await send(stack) == 202
    stack.nats.start()
    await wait_until(told(stack, DeliverySeen.EVENT))
