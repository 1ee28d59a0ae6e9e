"""Runs live: events on the bus become Server-Sent Events."""

import asyncio

from logstream_records import Records, run_event
from logstream_stand import Client
from tisktask_common.bus.connection import Bus


async def test_a_run_is_shown_at_first_and_after_each_change(shared_bus: Bus, client: Client, records: Records) -> None:
    run = records.add_run("acme/live", state="preparing")
    stream = client.events(f"/api/v1/runs/{run}/stream")
    first = await asyncio.wait_for(anext(stream), 10)
    assert (first.kind, first.data["id"], first.data["state"]) == ("run", run, "preparing")
    job = records.add_job(run)
    records.execute("UPDATE api.runs SET state = 'running', revision = 2 WHERE id = %s", run)
    await shared_bus.publish_event(run_event(run, "acme/live"))
    second = await asyncio.wait_for(anext(stream), 10)
    assert (second.data["state"], second.id, [shown["id"] for shown in second.data["jobs"]]) == ("running", "2", [job])
    await stream.aclose()


async def test_a_list_hears_of_new_runs_of_its_repository_only(
    shared_bus: Bus, client: Client, records: Records
) -> None:
    mine, other = records.add_run("acme/mine"), records.add_run("acme/other")
    stream = client.events("/api/v1/runs/stream?repository=acme/mine")
    news = asyncio.ensure_future(anext(stream))
    while not news.done():
        # Until the viewer is there nobody is told: the changes before are for the list itself.
        await shared_bus.publish_event(run_event(other, "acme/other"))
        await shared_bus.publish_event(run_event(mine, "acme/mine"))
        await asyncio.wait({news}, timeout=0.3)
    assert (await news).data["id"] == mine
    await stream.aclose()
