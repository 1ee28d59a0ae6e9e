"""The forges' own payloads, signed and posted to the real service: what comes of each is compared with golden files.

The golden files were written by hand from what the forges document; the payloads are not part of the repository.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ingest_payloads import SECRET, delivery
from ingest_service import Stack, running_stack

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOLDEN = Path(__file__).parent / "golden"
GOLDEN_FILES = sorted(path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*.json"))
#: Every payload of these events has a golden file.
BUILDING_EVENTS = {
    *("push", "create", "delete", "ping", "release", "package", "workflow_dispatch", "repository_dispatch"),
    *("pull_request", "pull_request_review", "pull_request_approved", "pull_request_comment"),
}


@pytest.fixture(scope="module")
def manifest(contracts: Path) -> dict[str, dict]:
    """The payload files by name, with event and headers."""
    return {item["file"]: item for item in json.loads((contracts / "payloads" / "manifest.json").read_text())["files"]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(
    contracts: Path, manifest: dict[str, dict], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stack]:
    """Ingest that knows every repository of the payloads."""
    async with running_stack(tmp_path_factory.mktemp("payloads")) as running:
        for name, item in manifest.items():
            repository = json.loads((contracts / "payloads" / name).read_bytes()).get("repository")
            if repository:
                running.orchestrator.add(item["forge"], repository["full_name"], SECRET)
        await running.wait_until_all_repositories_are_known()
        yield running


def as_sent(contracts: Path, item: dict) -> tuple[str, bytes, dict[str, str]]:
    """The delivery as its forge sends it: the manifest's headers, a delivery id, and the signature."""
    body = (contracts / "payloads" / item["file"]).read_bytes()
    post = delivery(item["forge"], item["event"], body, delivery_id=item["file"].replace("/", ":"))
    return post.path, body, post.headers | item["headers"]


@pytest.mark.parametrize("name", GOLDEN_FILES)
async def test_a_payload_becomes_what_its_golden_file_says(
    name: str, stack: Stack, contracts: Path, manifest: dict[str, dict]
) -> None:
    expected = json.loads((GOLDEN / name).read_text())
    path, body, headers = as_sent(contracts, manifest[name])
    before = len(await stack.triggers())
    async with stack.http.post(stack.ingest.url + path, data=body, headers=headers) as reply:
        answer = await reply.json()
        assert reply.status == 202, answer
    if "change" not in expected:
        assert answer.keys() == expected.keys()
        assert len(await stack.triggers()) == before
        return
    trigger = (await stack.triggers())[before]
    assert trigger.trigger_id == answer["id"]
    assert trigger.change.model_dump() == expected["change"]
    assert (trigger.rerun and trigger.rerun.model_dump()) == expected.get("rerun")
    assert await stack.payload(trigger) == body
    assert trigger.payload_bytes == len(body)


async def test_every_payload_of_an_event_that_builds_has_a_golden_file(manifest: dict[str, dict]) -> None:
    building = {name for name, item in manifest.items() if item["event"] in BUILDING_EVENTS}
    assert building - set(GOLDEN_FILES) == set()


async def test_all_other_payloads_are_ignored_with_a_reason_and_never_an_error(
    stack: Stack, contracts: Path, manifest: dict[str, dict]
) -> None:
    before = len(await stack.triggers())
    others = [item for name, item in manifest.items() if name not in GOLDEN_FILES]
    assert others
    for item in others:
        path, body, headers = as_sent(contracts, item)
        async with stack.http.post(stack.ingest.url + path, data=body, headers=headers) as reply:
            assert reply.status == 202, (item["file"], await reply.text())
            assert (await reply.json())["ignored"]
    assert len(await stack.triggers()) == before
