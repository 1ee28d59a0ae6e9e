"""Whatever the forges' own schemas allow: it becomes a value that can be stored and told, or a refusal with a reason."""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest_payloads import SECRET, delivery
from ingest_service import running_stack
from schema_payloads import payloads
from tisktask_common.events import Repository, TriggerReceived
from tisktask_common.ids import RepositoryId
from tisktask_ingest.delivery import Source, pack
from tisktask_ingest.forges.dialect import DIALECTS, normalise, read_identity
from tisktask_ingest.outcome import Identity, Ignored, Malformed, Ping, Refusal, Triggered
from tisktask_orchestrator.bounds import bounded_trigger

SCHEMAS = {
    "github": "github-webhooks.schema.json",
    "forgejo": "forgejo-v16-webhooks.schema.json",
    "gitea": "gitea-main-webhooks.schema.json",
}
HOME = Repository(id=RepositoryId("repo_1"), forge="github", full_name="octo/app")


@cache
def document(folder: Path, forge: str) -> dict[str, Any]:
    return json.loads((folder / "openapi" / SCHEMAS[forge]).read_text())


def kinds(folder: Path, forge: str) -> list[tuple[str, str]]:
    """Each event with its definition."""
    events = document(folder, forge)["x-events"]
    if isinstance(events, dict):
        return [(event, ref.rpartition("/")[2]) for event, ref in events.items()]
    return [(name.partition("$")[0], name) for name in events]


def building_kinds(folder: Path, forge: str) -> list[tuple[str, str]]:
    return [(event, name) for event, name in kinds(folder, forge) if DIALECTS[forge].concerns_us(event)]


@pytest.mark.parametrize("forge", SCHEMAS)
@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_a_schema_allows_never_breaks_anything(contracts: Path, forge: str, data: st.DataObject) -> None:
    event, definition = data.draw(
        st.sampled_from(kinds(contracts, forge)) | st.sampled_from(building_kinds(contracts, forge))
    )
    payload = data.draw(payloads(document(contracts, forge), definition))
    body = json.dumps(payload).encode()
    assert isinstance(read_identity(DIALECTS[forge], event, body), Identity | Refusal | None)
    match normalise(DIALECTS[forge], event, event, body):
        case Triggered() as triggered:
            packed = pack(Source(HOME, "d-1", event), triggered, body)
            told = TriggerReceived.model_validate_json(packed.event.model_dump_json())
            # What ingest takes, the orchestrator takes as it is.
            assert bounded_trigger(told) == packed.event
        case Malformed(field, problem):
            assert field or problem
        case Ignored(reason):
            assert reason
        case Ping():
            pass


def some_payloads(folder: Path, forge: str, count: int) -> list[tuple[str, dict[str, Any]]]:
    """Draw payloads of events that build, all of the repository that ingest knows."""
    drawn: list[tuple[str, dict[str, Any]]] = []

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def draw(data: st.DataObject) -> None:
        event, definition = data.draw(st.sampled_from(building_kinds(folder, forge)))
        payload = data.draw(payloads(document(folder, forge), definition))
        known = (payload.get("repository") or {}) | {"full_name": "octo/app"}
        drawn.append((event, payload | {"repository": known}))

    draw()
    return drawn


async def test_the_service_answers_them_all_and_never_with_a_failure_of_its_own(
    contracts: Path, tmp_path: Path
) -> None:
    async with running_stack(tmp_path) as stack:
        for forge in SCHEMAS:
            stack.orchestrator.add(forge, "octo/app", SECRET)
        await stack.wait_until_all_repositories_are_known()
        answers: Counter[int] = Counter()
        for forge in SCHEMAS:
            for number, (event, payload) in enumerate(some_payloads(contracts, forge, 25)):
                status, answer = await stack.post(delivery(forge, event, payload, delivery_id=f"{forge}-{number}"))
                assert status in {202, 400}, (status, answer, event, payload)
                answers[status] += 1
        # Both kinds were tried.
        assert min(answers[202], answers[400]) > 0
        assert len(await stack.triggers()) <= answers[202]
