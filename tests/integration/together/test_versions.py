"""Versions stand beside each other: what a later one says in addition is passed over by every service."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingest_payloads import SECRET, delivery, push
from nats_server import NatsServer
from orchestrator_stage import Stage, eventually, make_settings
from service_processes import START_SECONDS, ServiceProcesses, service_processes
from tisktask_common.bus.connection import Bus, Outgoing
from tisktask_common.lifecycle import JobState
from tisktask_common.rpc import JobGrant
from tisktask_common.subjects import rpc_subject

LATER = {"field_of_tomorrow": {"deep": [1, 2]}}


async def ask(bus: Bus, name: str, caller: str, **fields: Any) -> dict[str, Any]:
    """Ask as a later version would: with fields that this one does not know."""
    reply = await bus.client.request(rpc_subject(name, caller), json.dumps(fields | LATER).encode(), timeout=5)
    return json.loads(reply.data)


@pytest.mark.timeout(120)
async def test_events_and_requests_of_a_later_version_are_taken_and_its_new_events_passed_over(
    bus: Bus, nats_server: NatsServer, database_url: str, tmp_path: Path
) -> None:
    async with service_processes(tmp_path, nats_server, database_url) as services:
        services.start("ingest", "orchestrator", "reporter", "logstream")
        await eventually(services.are_ready, "all are ready", START_SECONDS)
        stage = Stage(bus, nats_server.url, database_url, make_settings("", ""))
        repository = await stage.add_repository("octo/app", sealed_webhook_secret=await stage.seal(SECRET))
        await say_what_nobody_knows(bus, repository.model_dump())
        trigger = await a_trigger_of_a_later_ingest(services, stage)
        runner = await stage.runner()
        grown = await ask(bus, "heartbeat", "runner-host", **beat())
        assert grown["fenced"] == []
        work = await stage.next_work()
        claim = await ask(
            bus, "claim", "runner-host", **work.model_dump(), runner="host", public_key=runner.keys.public
        )
        assert JobGrant.model_validate(claim).granted
        assert (
            JobGrant.model_validate(claim | LATER | {"spec": claim["spec"] | LATER}).spec
            == JobGrant.model_validate(claim).spec
        )
        await runner.began(work)
        found = {"programs": [{"name": "build", "path": ".tisktask/push/build", **LATER}], **LATER}
        end = {"state": "succeeded", "ended_at": "2026-01-01T00:00:00Z", "prepared": found}
        assert (await ask(bus, "ended", "runner-host", **work.model_dump(), runner="host", **end))["accepted"]
        await runner.run(await stage.next_work(), JobState.SUCCEEDED)
        await is_shown(services, stage, trigger)
        assert (await bus.jetstream.stream_info("DEAD")).state.messages == 0
        await runner.bus.close()


def beat() -> dict[str, Any]:
    return {"runner": "host", "replica": "r1", "slots": 4, "pool": "default", "attempts": []}


async def say_what_nobody_knows(bus: Bus, repository: dict[str, Any]) -> None:
    """Events of kinds that do not exist yet, under subjects that the consumers hear."""
    event = {"id": "evt_x", "time": "2026-01-01T00:00:00Z", "version": 1, "repository": repository, **LATER}
    for kind in ("run.approved", "job.dreamt", "repository.starred"):
        data = json.dumps(event | {"type": kind}).encode()
        await bus.publish(Outgoing(f"{kind}.github.octo.app", data, kind))


async def a_trigger_of_a_later_ingest(services: ServiceProcesses, stage: Stage) -> str:
    """Take an ingest's own event for a first delivery, and say it again as a later one would, about another."""

    async def is_taken() -> str:
        status, answer = await services.deliver(delivery("github", "ping", push()))
        return str(answer) if status < 300 else ""

    await eventually(is_taken, "ingest knows the repository")
    (repository,) = await stage.rows("SELECT id, forge, full_name FROM api.repositories")
    change = {"event": "push", "sha": "a" * 40, "ref": "refs/heads/main", "branch": "main", **LATER}
    event = {"type": "trigger.received", "trigger_id": "trg_later", "delivery": "later", "change": change, **LATER}
    event |= {"id": "evt_later", "repository": repository | LATER}
    await stage.bus.publish(Outgoing("trigger.received.github.octo.app", json.dumps(event).encode(), "later"))
    return "trg_later"


async def is_shown(services: ServiceProcesses, stage: Stage, trigger: str) -> None:
    async def has_ended() -> bool:
        return [run["state"] for run in (await services.api("/runs"))["items"]] == ["succeeded"]

    await eventually(has_ended, "the run has ended and is shown")
    assert [row["trigger_id"] for row in await stage.rows("SELECT trigger_id FROM api.runs")] == [trigger]

    async def is_reported() -> bool:
        rows = await stage.rows("SELECT state FROM reporter.statuses")
        return bool(rows) and {row["state"] for row in rows} == {"success"}

    await eventually(is_reported, "the reporter wants the end to be shown")
