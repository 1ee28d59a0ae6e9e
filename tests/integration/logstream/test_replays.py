"""Kept deliveries are taken once more through the API: by their run, their trigger or the forge's id."""

from typing import Any

import pytest

from logstream_records import Records
from logstream_stand import Client
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import NotFoundError
from tisktask_common.ids import TriggerId
from tisktask_common.replays import ReplayDelivery, Replayed


@pytest.fixture
async def wishes(shared_bus: Bus) -> list[ReplayDelivery]:
    """What was asked of ingest, which keeps nothing of trg_old."""
    heard: list[ReplayDelivery] = []

    async def answer(wish: ReplayDelivery, caller: str) -> Replayed:
        assert caller == "logstream"
        if wish.trigger_id == "trg_old":
            raise NotFoundError("it is not kept any more")
        heard.append(wish)
        return Replayed(trigger_id=TriggerId("trg_new"), repository="octo/app")

    await shared_bus.answer(ReplayDelivery, answer, "ingest")
    return heard


async def replay(client: Client, name: str, **options: Any) -> tuple[int, Any]:
    async with client.http.post(f"/api/v1/triggers/{name}/replay", **options) as answer:
        return answer.status, await answer.json()


async def test_a_run_a_trigger_and_a_delivery_name_the_same(
    client: Client, records: Records, wishes: list[ReplayDelivery]
) -> None:
    run = records.add_run(number=1)
    async with client.http.get(f"/api/v1/runs/{run}") as answer:
        found = await answer.json()
    for name in (run, found["trigger_id"]):
        assert await replay(client, name) == (202, {"trigger_id": "trg_new", "repository": "octo/app"})
    assert [wish.trigger_id for wish in wishes] == [found["trigger_id"]] * 2
    assert wishes[0].request_id != wishes[1].request_id
    await replay(client, run, json={"request_id": "mine"})
    assert wishes[2].request_id == "mine"


async def test_a_trigger_that_has_made_no_run_is_asked_for_too(client: Client, wishes: list[ReplayDelivery]) -> None:
    assert (await replay(client, "trg_waiting"))[0] == 202
    assert wishes[0].trigger_id == "trg_waiting"


async def test_what_is_not_there_or_not_kept_says_so(client: Client, wishes: list[ReplayDelivery]) -> None:
    status, answer = await replay(client, "run_none")
    assert (status, answer["error"]["code"]) == (404, "not_found")
    assert "run_none" in answer["error"]["message"]
    status, answer = await replay(client, "trg_old")
    assert (status, answer["error"]["message"]) == (404, "it is not kept any more")
    assert (await replay(client, "x" * 300))[0] == 404
    assert wishes == []
