"""The model of the forges keeps the rules that were read in their sources and documents."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import pytest
from aiohttp import web

from forge import BackgroundForge, Flavour, Forge, RateLimit, Reply, Repository, Rights
from forge.webhooks import ZERO, Push, push_delivery, push_payload
from reporter_events import SHA

MakeForge = Callable[..., Awaitable[Forge]]
GOOD = {"state": "success", "context": "ci", "description": "fine", "target_url": "https://ci.example.com"}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def _post(
    session: aiohttp.ClientSession, forge: Forge, body: Any, token: str, sha: str = SHA, name: str = "me/app"
) -> tuple[int, Any]:
    url = f"{forge.api_url}/repos/{name}/statuses/{sha}"
    headers = {"Authorization": f"token {token}"}
    async with session.post(url, json=body, headers=headers, allow_redirects=False) as response:
        return response.status, await response.json()


async def test_a_good_status_is_taken_and_shown(session: aiohttp.ClientSession, forge: Forge) -> None:
    token = forge.state.add_token("robot").value
    status, body = await _post(session, forge, GOOD, token)
    assert status == 201
    assert body["state" if forge.state.flavour is Flavour.GITHUB else "status"] == "success"
    headers = {"Authorization": f"Bearer {token}"}
    async with session.get(f"{forge.api_url}/repos/me/app/commits/{SHA}/status", headers=headers) as response:
        combined = await response.json()
    assert (combined["state"], combined["total_count"]) == ("success", 1)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"state": "skipped"}, "state"),
        ({"description": "x" * 141}, "140"),
        ({"context": "x" * 256}, "255"),
        ({"target_url": "ftp://x"}, "http(s)"),
    ],
)
async def test_github_refuses_what_breaks_its_limits(
    session: aiohttp.ClientSession, make_forge: MakeForge, change: dict[str, str], word: str
) -> None:
    forge = await make_forge(Flavour.GITHUB)
    status, body = await _post(session, forge, GOOD | change, forge.state.add_token("robot").value)
    assert status == 422
    assert word in json.dumps(body)
    forge.violations.clear()


@pytest.mark.parametrize(
    ("flavour", "version", "status"),
    [
        (Flavour.GITHUB, None, 422),
        (Flavour.FORGEJO, "16.0.0+gitea-1.22.0", 404),
        (Flavour.FORGEJO, "15.0.3+gitea-1.22.0", 404),
        (Flavour.FORGEJO, "15.0.2+gitea-1.22.0", 500),
        (Flavour.GITEA, "1.26.3", 500),
    ],
)
async def test_an_unknown_commit_is_answered_as_the_version_does(
    session: aiohttp.ClientSession, make_forge: MakeForge, flavour: Flavour, version: str | None, status: int
) -> None:
    forge = await make_forge(flavour, version)
    assert (await _post(session, forge, GOOD, forge.state.add_token("robot").value, "ab" * 20))[0] == status


async def test_rights_are_checked(session: aiohttp.ClientSession, forge: Forge) -> None:
    expected = {Rights.NONE: 404, Rights.READ: 403, Rights.WRITE: 201}
    for rights, status in expected.items():
        assert (await _post(session, forge, GOOD, forge.state.add_token("robot", rights).value))[0] == status
    no_scope = forge.state.add_token("robot", has_scope=False)
    assert (await _post(session, forge, GOOD, no_scope.value))[0] == 403
    assert (await _post(session, forge, GOOD, "wrong"))[0] == 401


async def test_a_client_that_lets_its_library_follow_a_rename_loses_the_status(
    session: aiohttp.ClientSession, forge: Forge
) -> None:
    """The trap that the reporter must not fall into: the POST becomes a GET that succeeds."""
    forge.state.rename("me/app", "me/new")
    headers = {"Authorization": f"token {forge.state.add_token('robot').value}"}
    url = f"{forge.api_url}/repos/me/app/statuses/{SHA}"
    async with session.post(url, json=GOOD, headers=headers) as response:
        assert response.status == 200
    assert forge.state.shown("me/new", SHA) == {}


async def test_a_rate_limit_notices_who_does_not_wait(session: aiohttp.ClientSession, forge: Forge) -> None:
    forge.rate_limit = RateLimit(requests=1, seconds=5)
    token = forge.state.add_token("robot").value
    assert [(await _post(session, forge, GOOD, token))[0] for _ in range(2)] == [201, 429]
    await asyncio.sleep(0.6)
    assert (await _post(session, forge, GOOD, token))[0] == 429
    assert forge.rate_limit.impatient == 1


async def test_faults_come_once_each_and_a_stopped_forge_refuses(session: aiohttp.ClientSession, forge: Forge) -> None:
    token = forge.state.add_token("robot").value
    forge.faults.add(Reply(500, {"message": "x"}), times=2)
    assert [(await _post(session, forge, GOOD, token))[0] for _ in range(3)] == [500, 500, 201]
    await forge.stop()
    with pytest.raises(aiohttp.ClientError):
        await _post(session, forge, GOOD, token)
    await forge.start_again()
    assert (await _post(session, forge, GOOD, token))[0] == 201


async def test_a_request_against_the_contract_is_noticed(
    session: aiohttp.ClientSession, make_forge: MakeForge, contracts: Path
) -> None:
    assert contracts
    for flavour in Flavour:
        forge = await make_forge(flavour)
        await _post(session, forge, GOOD | {"context": 7}, forge.state.add_token("robot").value)
        with pytest.raises(AssertionError, match="context"):
            forge.check()
        forge.violations.clear()


@pytest.mark.parametrize("flavour", Flavour)
async def test_deliveries_are_signed_as_the_forge_does(flavour: Flavour, unused_tcp_port: int) -> None:
    taken: list[tuple[str, dict[str, str], bytes]] = []

    async def take(request: web.Request) -> web.Response:
        taken.append((request.path, {k.lower(): v for k, v in request.headers.items()}, await request.read()))
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    delivery = push_delivery(flavour, Repository(5, "me/app"), Push(SHA), "https://h/me/app.git", "s3cr3t")
    ingest = f"http://127.0.0.1:{unused_tcp_port}"
    assert await delivery.send(ingest) == 202
    assert await asyncio.to_thread(delivery.send_now, ingest) == 202
    await runner.cleanup()
    assert taken[0][2] == taken[1][2]
    path, headers, body = taken[0]
    assert path == f"/api/triggers/{flavour}"
    signature = hmac.new(b"s3cr3t", body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={signature}"
    assert headers["x-github-event"] == "push"
    assert ("x-forgejo-signature" in headers) == (flavour is Flavour.FORGEJO)
    assert headers.get("x-gitea-signature", signature) == signature
    assert json.loads(body)["head_commit"]["id"] == SHA


@pytest.mark.parametrize(
    ("flavour", "file"),
    [
        (Flavour.GITHUB, "github-webhooks.schema.json"),
        (Flavour.FORGEJO, "forgejo-v16-webhooks.schema.json"),
        (Flavour.GITEA, "gitea-v1.26.3-webhooks.schema.json"),
    ],
)
@pytest.mark.parametrize(
    "push", [Push(SHA), Push(ZERO, before=SHA), Push(SHA, ref="refs/tags/v1", tag_object="ab" * 20)]
)
def test_payloads_hold_no_field_that_the_forge_does_not_send(
    contracts: Path, flavour: Flavour, file: str, push: Push
) -> None:
    """They are smaller than real ones, so missing fields do not count, but those that are there must be right."""
    document = json.loads((contracts / "openapi" / file).read_text())
    reference = "#/definitions/push$event" if flavour is Flavour.GITHUB else document["x-events"]["push"]
    repository = Repository(5, "me/app")
    payload = push_payload(flavour, repository, push, "https://forge.example/me/app.git")
    validator = jsonschema.validators.validator_for(document)(_without_required(document) | {"$ref": reference})
    assert [f"{one.json_path}: {one.message}" for one in validator.iter_errors(payload)] == []


def _without_required(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_required(one) for one in part]
    if not isinstance(part, dict):
        return part
    return {key: _without_required(one) for key, one in part.items() if key != "required" or not isinstance(one, list)}


def test_a_forge_also_runs_beside_tests_that_are_not_asynchronous() -> None:
    background = BackgroundForge(Flavour.GITEA)
    with background as forge:
        assert forge.root_url.startswith("http://127.0.0.1:")
        background.stop()
        background.start_again()
