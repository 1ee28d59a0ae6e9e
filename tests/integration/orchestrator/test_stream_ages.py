"""What was handled goes from the streams after some days; what waits for somebody stays, however long he is away."""

from datetime import UTC, datetime, timedelta

from nats_server import NatsServer
from orchestrator_stage import Stage, eventually, make_settings, orchestrating
from retention_stage import answering
from tisktask_common.bus.connection import Bus, Outgoing
from tisktask_common.ids import TriggerId
from tisktask_common.subjects import DELIVERIES, EVENTS, delivery_subject
from tisktask_orchestrator.collaborators import Collaborators
from tisktask_orchestrator.stream_ages import purge_older

KEPT = timedelta(seconds=EVENTS.kept_seconds)
LATER = timedelta(hours=1)


async def count(bus: Bus, stream: str) -> int:
    return (await bus.jetstream.stream_info(stream)).state.messages


async def purge(collaborators: Collaborators, after: timedelta) -> None:
    await purge_older(collaborators, datetime.now(UTC) + after)


async def test_events_go_when_they_are_old_and_everybody_has_read_them(
    bus: Bus, nats_server: NatsServer, database_url: str
) -> None:
    settings = make_settings(nats_server.url, database_url)
    stage = Stage(bus, nats_server.url, database_url, settings)
    async with orchestrating(settings) as collaborators:
        for number in range(5):
            await stage.add_repository(f"octo/demo{number}")
        await stage.trigger(await stage.add_repository())
        await eventually(lambda: stage.rows("SELECT id FROM api.runs"), "the run")
        await stage.wait_for_empty_outbox()
        events = await count(bus, EVENTS.name)
        await purge(collaborators, KEPT - LATER)
        assert await count(bus, EVENTS.name) == events
        # The reporter is away: what it has not read stays.
        await purge(collaborators, KEPT + LATER)
        assert await count(bus, EVENTS.name) == events
        async with answering(bus):

            async def has_read() -> bool:
                info = await bus.jetstream.consumer_info(EVENTS.name, "reporter")
                return not info.num_pending and not info.num_ack_pending

            await eventually(has_read, "the reporter has read all")
            await purge(collaborators, KEPT + LATER)
        assert await count(bus, EVENTS.name) == 0


async def test_payloads_of_runs_at_work_stay_however_old(bus: Bus, nats_server: NatsServer, database_url: str) -> None:
    settings = make_settings(nats_server.url, database_url)
    stage = Stage(bus, nats_server.url, database_url, settings)
    async with orchestrating(settings) as collaborators:
        await _publish_payload(bus, TriggerId("trg_old"))
        trigger = await stage.trigger(await stage.add_repository())
        await _publish_payload(bus, trigger.trigger_id)
        await eventually(lambda: stage.rows("SELECT id FROM api.runs"), "the run")
        await purge(collaborators, KEPT + LATER)
        state = (await bus.jetstream.stream_info(DELIVERIES.name)).state
        assert (state.first_seq, state.messages) == (2, 1)


async def _publish_payload(bus: Bus, trigger: TriggerId) -> None:
    await bus.publish(Outgoing(delivery_subject(trigger, 0), b"payload", f"payload-{trigger}"))
