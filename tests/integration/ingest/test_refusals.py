"""What the service refuses, over HTTP: with a reason, with nothing on the bus, and without harm to itself."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ingest_payloads import (
    SECRET,
    Post,
    delivery,
    pull_request,
    push,
)
from ingest_service import Stack, wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 1024**2
FORGES = ["github", "forgejo", "gitea"]


async def refused(calm_stack: Stack, post: Post) -> tuple[str, str]:
    """Post what must leave nothing on the bus; returns status and code, and the message."""
    before = len(await calm_stack.triggers())
    status, answer = await calm_stack.post(post)
    assert len(await calm_stack.triggers()) == before
    assert answer.keys() == {"error"}, answer
    assert answer["error"].keys() == {"code", "message"}
    return f"{status} {answer['error']['code']}", answer["error"]["message"]


async def test_a_payload_over_the_limit_is_refused_whether_its_length_is_announced_or_not(calm_stack: Stack) -> None:
    post = delivery("github", "push", push(filler="x" * (26 * MIB)))
    assert (await refused(calm_stack, post))[0] == "413 too_large"

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(post.body), MIB):
            yield post.body[start : start + MIB]

    async with calm_stack.http.post(calm_stack.ingest.url + post.path, data=pieces(), headers=post.headers) as reply:
        assert (reply.status, (await reply.json())["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("forge", FORGES)
async def test_wrong_missing_and_empty_signatures_are_refused(calm_stack: Stack, forge: str) -> None:
    post = delivery(forge, "push", push())
    wrong, message = await refused(calm_stack, delivery(forge, "push", push(), secret="another"))
    assert wrong == "401 bad_signature"
    assert "octo/app" in message
    assert SECRET not in message
    assert (await refused(calm_stack, post.with_body(post.body + b" ")))[0] == "401 bad_signature"
    without = {name: None for name in post.headers if "Signature" in name}
    assert (await refused(calm_stack, post.with_headers(**without)))[0] == "401 missing_signature"
    for empty in ("sha256=", ""):
        assert (await refused(calm_stack, post.with_headers(X_Hub_Signature_256=empty)))[0] == "401 missing_signature"


@pytest.mark.parametrize("full_name", ["octo/unsigned", "octo/empty"])
async def test_a_repository_without_a_secret_takes_nothing_not_even_what_the_empty_key_signed(
    calm_stack: Stack, full_name: str
) -> None:
    got, message = await refused(calm_stack, delivery("github", "push", push(full_name), secret=""))
    assert got == "401 no_secret"
    assert "tisktask repo add" in message


async def test_an_unknown_repository_is_refused_and_named(calm_stack: Stack) -> None:
    got, message = await refused(calm_stack, delivery("github", "push", push("octo/unheard-of")))
    assert got == "404 unknown_repository"
    assert "octo/unheard-of" in message


async def test_a_repository_of_another_forge_is_unknown(calm_stack: Stack) -> None:
    assert (await refused(calm_stack, delivery("github", "push", push("me/app"))))[0] == "404 unknown_repository"


async def test_what_is_not_usable_is_refused_with_the_reason(calm_stack: Stack) -> None:
    post = delivery("github", "push", push())
    truncated = delivery("github", "push", post.body[:-20])
    assert (await refused(calm_stack, truncated))[0] == "400 invalid_json"
    assert (await refused(calm_stack, delivery("github", "push", b"")))[0] == "400 invalid_json"
    assert (await refused(calm_stack, delivery("github", "push", b"[]")))[0] == "400 invalid_payload"
    assert (await refused(calm_stack, delivery("github", "push", b"[" * 100_000)))[0].startswith("400 ")
    form = post.with_headers(Content_Type="application/x-www-form-urlencoded")
    assert (await refused(calm_stack, form))[0] == "400 invalid_form"
    assert (await refused(calm_stack, post.with_headers(Content_Type="text/plain")))[0] == "415 unsupported_media_type"
    assert (await refused(calm_stack, post.with_headers(X_GitHub_Event=None)))[0] == "400 missing_header"
    assert (await refused(calm_stack, post.with_headers(X_GitHub_Delivery=None)))[0] == "400 missing_header"


async def test_a_missing_field_is_named(calm_stack: Stack) -> None:
    payload = pull_request(head={"ref": "bridge"})
    got, message = await refused(calm_stack, delivery("gitea", "pull_request", payload))
    assert got == "400 invalid_payload"
    assert "pull_request.head.sha" in message
    no_repository = {key: value for key, value in push().items() if key != "repository"}
    got, message = await refused(calm_stack, delivery("github", "push", no_repository))
    assert (got, "repository.full_name" in message) == ("400 invalid_payload", True)


async def test_an_ignored_event_of_a_known_repository_must_be_signed_all_the_same(calm_stack: Stack) -> None:
    """So that a wrong secret shows, whatever is delivered first."""
    payload = {"repository": {"full_name": "octo/app"}}
    assert (await refused(calm_stack, delivery("github", "star", payload, secret="no")))[0] == "401 bad_signature"


async def test_an_address_of_no_forge_is_refused(calm_stack: Stack) -> None:
    got, message = await refused(calm_stack, Post("/api/triggers/gitlab", b"{}", {}))
    assert got == "404 unknown_endpoint"
    assert "github" in message


async def test_another_method_is_refused_with_the_one_to_choose(calm_stack: Stack) -> None:
    async with calm_stack.http.get(calm_stack.ingest.url + "/api/triggers/forgejo?payload={}") as reply:
        assert reply.status == 405
        assert "POST" in (await reply.json())["error"]["message"]


async def test_a_sender_who_hangs_up_in_the_middle_leaves_the_service_well(calm_stack: Stack) -> None:
    name = 'tisktask_ingest_deliveries_total{forge="github",outcome="broken_off"}'
    before = await calm_stack.metric(name)
    post = delivery("github", "push", push())
    _, writer = await asyncio.open_connection("127.0.0.1", calm_stack.ingest.port)
    headers = "".join(f"{key}: {value}\r\n" for key, value in post.headers.items())
    head = f"POST {post.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(post.body)}\r\n{headers}\r\n"
    writer.write(head.encode() + post.body[:50])
    await writer.drain()
    writer.close()
    await writer.wait_closed()

    async def is_counted() -> bool:
        return await calm_stack.metric(name) == before + 1

    await wait_until(is_counted)
    assert await calm_stack.is_ready()


async def test_other_addresses_do_not_take_large_bodies(calm_stack: Stack) -> None:
    async with calm_stack.http.post(calm_stack.ingest.url + "/healthz", data=b"x" * MIB) as reply:
        assert reply.status == 405
