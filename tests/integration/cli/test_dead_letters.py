"""`tisktask bus dead` against a real stack: what lies there is seen, and handled once more by the real consumer."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stack import COMMAND, Stack, wait_for
from tisktask_common.bus.connection import Outgoing, connect
from tisktask_common.events import Change, Repository, TriggerReceived
from tisktask_common.ids import TriggerId
from tisktask_common.process.settings import BusSettings

SUBJECT = "trigger.received.github.acme.dead"


def bury(stack: Stack, data: bytes, message_id: str) -> None:
    """Put a letter there as the pull loop does, without waiting for twenty failures."""
    seed = (stack.data / "keys" / "nats" / "admin.seed").read_text().strip()
    settings = BusSettings.model_validate({"nats_url": nats_url(stack), "nats_user": "admin", "nats_seed": seed})
    headers = {
        "Tisktask-Dead-Subject": SUBJECT,
        "Tisktask-Dead-Sequence": "1",
        "Tisktask-Dead-Deliveries": "20",
        "Tisktask-Dead-Error": "ValueError('no')",
    }

    async def publish() -> None:
        bus = await connect(settings, "admin")
        await bus.publish(Outgoing("dead.EVENTS.orchestrator", data, message_id, headers))
        await bus.close()

    asyncio.run(publish())


def nats_url(stack: Stack) -> str:
    return json.loads((stack.data / "stack.json").read_text())["nats_url"]


def tisktask(stack: Stack, environment: dict[str, str], *arguments: object, code: int = 0) -> str:
    done = subprocess.run(
        [COMMAND, "--data-dir", stack.data, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment,
    )
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture
def stack(shared_stack: Stack, environment: dict[str, str]) -> Iterator[Stack]:
    yield shared_stack
    tisktask(shared_stack, environment, "bus", "dead", "drop", "--all", "--yes")


def lying(stack: Stack, environment: dict[str, str]) -> list[dict[str, Any]]:
    return json.loads(tisktask(stack, environment, "bus", "dead", "list", "--json"))["items"]


def test_a_buried_trigger_is_seen_and_becomes_a_run_when_it_is_replayed(
    stack: Stack, environment: dict[str, str]
) -> None:
    added = stack.api(
        "/repositories",
        "POST",
        {"forge": "github", "full_name": "acme/dead", "clone_url": "https://github.com/acme/dead.git"},
    )
    repository = Repository(id=added["id"], forge="github", full_name="acme/dead")
    change = Change(event="push", sha="d" * 40, ref="refs/heads/main", branch="main")
    trigger = TriggerReceived(trigger_id=TriggerId("dead1"), repository=repository, delivery="d1", change=change)
    bury(stack, trigger.model_dump_json().encode(), "first")
    (item,) = lying(stack, environment)
    assert (item["stream"], item["consumer"], item["subject"]) == ("EVENTS", "orchestrator", SUBJECT)
    assert (item["error"], item["deliveries"]) == ("ValueError('no')", 20)
    assert "ValueError('no')" in tisktask(stack, environment, "bus", "dead", "list")
    shown = json.loads(tisktask(stack, environment, "bus", "dead", "show", item["sequence"], "--json"))
    assert shown["body"]["trigger_id"] == "dead1"
    assert '  "trigger_id": "dead1"' in tisktask(stack, environment, "bus", "dead", "show", item["sequence"])
    assert "1 message could not be handled" in tisktask(stack, environment, "doctor", code=1)
    assert tisktask(stack, environment, "bus", "dead", "replay", item["sequence"]) == "replayed 1 message\n"
    assert lying(stack, environment) == []
    runs = wait_for(lambda: stack.api("/runs?repository=acme/dead")["items"], 20, stack.log_tail)
    assert runs[0]["sha"] == "d" * 40
    stack.api(f"/runs/{runs[0]['id']}/cancel", "POST", {})


def test_letters_are_dropped_one_or_all_and_only_on_purpose(stack: Stack, environment: dict[str, str]) -> None:
    for number in range(3):
        bury(stack, b"\xff\x1b[2Jno text", f"drop-{number}")
    first = lying(stack, environment)[0]["sequence"]
    shown = tisktask(stack, environment, "bus", "dead", "show", first)
    assert "no text" in shown
    assert "\x1b" not in shown
    assert tisktask(stack, environment, "bus", "dead", "drop", first) == "dropped 1 message\n"
    assert "no dead letter" in tisktask(stack, environment, "bus", "dead", "drop", first, code=2)
    assert "--yes" in tisktask(stack, environment, "bus", "dead", "drop", "--all", code=2)
    assert "--all" in tisktask(stack, environment, "bus", "dead", "replay", code=2)
    assert tisktask(stack, environment, "bus", "dead", "drop", "--all", "--yes") == "dropped 2 messages\n"
    assert lying(stack, environment) == []


def test_a_bus_that_is_named_is_looked_at_without_a_stack(
    stack: Stack, environment: dict[str, str], tmp_path: Path
) -> None:
    named = environment | {
        "TISKTASK_NATS_URL": nats_url(stack),
        "TISKTASK_NATS_USER": "admin",
        "TISKTASK_NATS_SEED_FILE": str(stack.data / "keys" / "nats" / "admin.seed"),
    }
    done = subprocess.run(
        [COMMAND, "bus", "dead", "list", "--json"], capture_output=True, text=True, cwd=tmp_path, env=named, check=True
    )
    assert json.loads(done.stdout) == {"items": []}
