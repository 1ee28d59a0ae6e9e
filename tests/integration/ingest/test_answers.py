"""What the service answers while all is well, and what is on the bus by then."""

import json
import random
from urllib.parse import quote_plus

import aiohttp
import pytest
from nats.aio.msg import Msg

from ingest_payloads import (
    SECRET,
    SHA,
    TAG_OBJECT,
    ZERO,
    ZERO_SHA256,
    Post,
    delivery,
    local_push,
    pull_request,
    push,
)
from ingest_service import Stack, wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 1024**2
FORGES = ["github", "forgejo", "gitea"]


@pytest.mark.parametrize("forge", FORGES)
async def test_a_push_is_stored_with_its_payload_before_it_is_answered(calm_stack: Stack, forge: str) -> None:
    post = delivery(forge, "push", push(), delivery_id="stored")
    status, answer = await calm_stack.post(post)
    trigger = (await calm_stack.triggers())[-1]
    assert (status, answer) == (202, {"id": trigger.trigger_id})
    assert (trigger.repository.forge, trigger.repository.full_name) == (forge, "octo/app")
    assert (trigger.delivery, trigger.change.sha) == ("stored", SHA)
    assert await calm_stack.payload(trigger) == post.body


async def test_a_local_push_is_stored(calm_stack: Stack) -> None:
    status, answer = await calm_stack.post(delivery("local", "push", local_push(), delivery_id="local"))
    trigger = (await calm_stack.triggers())[-1]
    assert (status, answer["id"]) == (202, trigger.trigger_id)
    assert trigger.change.branch == "main"


async def test_a_repeated_delivery_has_the_same_id_and_makes_no_second_trigger(calm_stack: Stack) -> None:
    post = delivery("github", "push", push(), delivery_id="repeated")
    first = await calm_stack.post(post)
    count = len(await calm_stack.triggers())
    assert [await calm_stack.post(post) for _ in range(3)] == [first] * 3
    assert len(await calm_stack.triggers()) == count


async def test_the_payload_is_on_the_bus_before_the_trigger(calm_stack: Stack) -> None:
    heard: list[str] = []

    async def listen(message: Msg) -> None:
        heard.append(message.subject.split(".", maxsplit=1)[0])

    subscriptions = [
        await calm_stack.bus.client.subscribe(subject, cb=listen) for subject in ("delivery.>", "trigger.>")
    ]
    await calm_stack.bus.client.flush()
    filler = random.Random(3).randbytes(500_000).hex()
    await calm_stack.post(delivery("github", "push", push(filler=filler), delivery_id="large"))

    async def has_heard() -> bool:
        return "trigger" in heard

    await wait_until(has_heard)
    assert heard == ["delivery", "delivery", "trigger"]
    for subscription in subscriptions:
        await subscription.unsubscribe()


async def test_the_largest_payload_that_a_forge_sends_is_taken(calm_stack: Stack) -> None:
    post = delivery("github", "push", push(filler="x" * (25 * MIB - 1000)), delivery_id="largest")
    status, _ = await calm_stack.post(post)
    assert status == 202
    assert await calm_stack.payload((await calm_stack.triggers())[-1]) == post.body


async def test_both_secrets_count_while_they_are_exchanged(calm_stack: Stack) -> None:
    for number, secret in enumerate(("the old one", "the new one")):
        post = delivery("github", "push", push("octo/rotating"), delivery_id=f"rotating-{number}", secret=secret)
        assert (await calm_stack.post(post))[0] == 202


async def test_the_name_may_have_other_capitals(calm_stack: Stack) -> None:
    await calm_stack.post(delivery("github", "push", push("Octo/APP"), delivery_id="capitals"))
    assert (await calm_stack.triggers())[-1].repository.full_name == "octo/app"


async def test_what_builds_nothing_is_ignored_with_a_reason(calm_stack: Stack) -> None:
    before = len(await calm_stack.triggers())
    ignored = [
        delivery("github", "push", push(after=ZERO, head_commit=None, deleted=True)),
        delivery("forgejo", "push", push(ref="refs/tags/v1", after=ZERO_SHA256, head_commit=None)),
        delivery("gitea", "create", {"ref": "new", "ref_type": "branch", "repository": {"full_name": "octo/app"}}),
        delivery("github", "issues", {"action": "opened", "repository": {"full_name": "octo/app"}}),
        # A fork's event names the fork, which nobody has added.
        delivery("forgejo", "fork", {"repository": {"full_name": "somebody/app"}}),
        delivery("forgejo", "action_run_success", {"run": {}}),
        delivery("gitea", "", {"repository": None}, event_type="package"),
    ]
    for post in ignored:
        status, answer = await calm_stack.post(post)
        assert (status, list(answer)) == (202, ["ignored"]), answer
        assert answer["ignored"]
    assert len(await calm_stack.triggers()) == before


async def test_pings_and_test_deliveries_are_answered_and_build_nothing(calm_stack: Stack) -> None:
    before = len(await calm_stack.triggers())
    pings = [
        delivery("github", "ping", {"zen": "Keep it logically awesome.", "repository": {"full_name": "octo/app"}}),
        delivery("forgejo", "push", push(before=SHA, after=SHA)),
        delivery("gitea", "push", push(before=ZERO, after=ZERO)),
        delivery("local", "ping", {"repository": "me/app", "event": "ping"}),
    ]
    for post in pings:
        status, answer = await calm_stack.post(post)
        assert (status, list(answer)) == (202, ["ping"]), answer
    assert len(await calm_stack.triggers()) == before


async def test_an_annotated_tag_and_a_fork_arrive_as_such(calm_stack: Stack) -> None:
    tag = push(ref="refs/tags/v1.0", before=ZERO, after=TAG_OBJECT)
    await calm_stack.post(delivery("forgejo", "push", tag, delivery_id="tag"))
    assert (await calm_stack.triggers())[-1].change.sha == SHA
    gone = pull_request("synchronized", head={"sha": SHA, "ref": "refs/pull/5/head", "repo": None})
    post = delivery("forgejo", "pull_request", gone, event_type="pull_request_sync", delivery_id="gone")
    await calm_stack.post(post)
    change = (await calm_stack.triggers())[-1].change
    assert (change.event, change.action, change.is_fork) == ("pull_request", "synchronize", True)


@pytest.mark.parametrize("forge", FORGES)
async def test_a_form_is_taken_and_kept_as_the_json_in_it(calm_stack: Stack, forge: str) -> None:
    payload = json.dumps(push()).encode()
    form = b"payload=" + quote_plus(payload).encode()
    # GitHub signs what it sends, the others what they mean.
    post = delivery(forge, "push", form if forge == "github" else payload, delivery_id="form").with_body(form)
    status, answer = await calm_stack.post(post.with_headers(Content_Type="application/x-www-form-urlencoded"))
    assert status == 202, answer
    trigger = (await calm_stack.triggers())[-1]
    assert (trigger.trigger_id, trigger.change.sha) == (answer["id"], SHA)
    assert await calm_stack.payload(trigger) == payload


async def test_a_slash_at_the_end_is_no_redirect(calm_stack: Stack) -> None:
    post = delivery("github", "push", push(), delivery_id="slash")
    assert (await calm_stack.post(Post(post.path + "/", post.body, post.headers)))[0] == 202


async def test_outcomes_are_counted(calm_stack: Stack) -> None:
    name = 'tisktask_ingest_deliveries_total{forge="gitea",outcome="%s"}'
    before = {outcome: await calm_stack.metric(name % outcome) for outcome in ("accepted", "ignored", "bad_signature")}
    await calm_stack.post(delivery("gitea", "push", push(), delivery_id="counted"))
    await calm_stack.post(delivery("gitea", "create", push()))
    await calm_stack.post(delivery("gitea", "push", push(), secret="no"))
    assert {outcome: await calm_stack.metric(name % outcome) for outcome in before} == {
        outcome: count + 1 for outcome, count in before.items()
    }


async def test_no_secret_is_in_the_log_or_on_disk(calm_stack: Stack) -> None:
    async with aiohttp.ClientSession() as http:
        post = delivery("github", "push", push(), delivery_id="quiet")
        async with http.post(calm_stack.ingest.url + post.path, data=post.body, headers=post.headers) as reply:
            assert reply.status == 202
    assert "quiet" in calm_stack.ingest.log
    assert all(json.loads(line) for line in calm_stack.ingest.log.splitlines())
    files = [path for path in calm_stack.ingest.state_dir.rglob("*") if path.is_file()]
    assert calm_stack.ingest.state_dir / "repositories.json" in files
    for text in [calm_stack.ingest.log.encode(), *(path.read_bytes() for path in files)]:
        assert SECRET.encode() not in text
        assert b"the old one" not in text
