"""How ingest learns of new, changed and removed repositories."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ingest_payloads import SECRET, delivery, push
from ingest_service import Stack, running_stack, wait_until
from tisktask_common.repository_identity import NoteIdentity


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """Ingest that knows one repository already."""
    async with running_stack(tmp_path) as running:
        running.orchestrator.add("github", "octo/app", SECRET)
        await running.wait_until_all_repositories_are_known()
        yield running


async def status(stack: Stack, full_name: str = "octo/app", secret: str = SECRET, delivery_id: str = "d") -> int:
    return (await stack.post(delivery("github", "push", push(full_name), secret=secret, delivery_id=delivery_id)))[0]


async def test_a_new_repository_is_known_as_soon_as_it_delivers(stack: Stack) -> None:
    stack.orchestrator.add("github", "octo/new", SECRET)
    assert await status(stack, "octo/new") == 202


async def test_a_new_secret_is_known_as_soon_as_it_signs(stack: Stack) -> None:
    stack.orchestrator.add("github", "octo/app", "changed")
    assert await status(stack, secret="changed") == 202
    assert await status(stack, secret=SECRET) == 401


async def test_an_announced_change_is_learnt_without_a_delivery(stack: Stack) -> None:
    repositories = [stack.orchestrator.add("github", f"octo/new{number}", SECRET) for number in range(5)]
    await stack.announce_change(repositories[0])
    await stack.wait_until_all_repositories_are_known()


async def test_a_removed_repository_takes_nothing_more(stack: Stack) -> None:
    repository, _ = stack.orchestrator.hooks.popitem()[1]
    assert await status(stack) == 202
    await stack.announce_change(repository)
    await stack.wait_until_all_repositories_are_known()
    assert await status(stack, delivery_id="late") == 404


async def test_many_deliveries_that_nobody_knows_share_the_questions(stack: Stack) -> None:
    """One that was under way when some of them came, and one that began after all had come."""
    before = stack.orchestrator.first_pages
    unknown = (status(stack, f"octo/none{number}") for number in range(20))
    answers = await asyncio.gather(*unknown, *(status(stack, secret=f"wrong {number}") for number in range(5)))
    assert answers == [404] * 20 + [401] * 5
    assert 1 <= stack.orchestrator.first_pages - before <= 2


async def test_repositories_that_are_added_one_after_the_other_are_known_at_once(stack: Stack) -> None:
    for number in range(3):
        stack.orchestrator.add("github", f"octo/new{number}", SECRET)
        assert await status(stack, f"octo/new{number}") == 202


async def test_the_repositories_are_asked_for_again_after_an_outage(stack: Stack) -> None:
    """What changed during the outage was announced while nobody could hear it."""
    stack.nats.kill()
    stack.orchestrator.add("github", "octo/new", SECRET)
    stack.nats.start()
    await stack.wait_until_all_repositories_are_known()


async def test_a_lost_key_is_made_anew_and_the_secrets_are_sealed_for_it(stack: Stack) -> None:
    assert stack.ingest.stop() == 0
    (stack.ingest.state_dir / "key").unlink()
    stack.ingest.start()
    await wait_until(stack.is_ready)
    assert await status(stack) == 202


async def test_a_snapshot_that_could_not_be_written_is_written_later(stack: Stack) -> None:
    snapshot = stack.ingest.state_dir / "repositories.json"
    snapshot.unlink()
    snapshot.mkdir()
    repository = stack.orchestrator.add("github", "octo/new", SECRET)
    assert await status(stack, "octo/new") == 202
    snapshot.rmdir()
    await stack.announce_change(repository)

    async def is_written() -> bool:
        return snapshot.is_file()

    await wait_until(is_written)


HOME = {"id": 7, "full_name": "octo/app", "name": "app", "html_url": "https://forge.example/octo/app"}


async def told(stack: Stack, count: int) -> list[NoteIdentity]:
    async def are_told() -> bool:
        return len(stack.orchestrator.told) >= count

    await wait_until(are_told)
    return stack.orchestrator.told


async def test_the_number_of_a_repository_is_told_once_with_its_first_signed_delivery(stack: Stack) -> None:
    forged = delivery("github", "push", push(repository=HOME), secret="wrong")
    assert (await stack.post(forged))[0] == 401
    assert (await stack.post(delivery("github", "push", push(repository=HOME))))[0] == 202
    (note,) = await told(stack, 1)
    assert (note.full_name, note.external_id) == ("octo/app", 7)
    repository = stack.orchestrator.hooks[note.repository_id][0]
    await stack.announce_change(repository)
    before = stack.orchestrator.first_pages

    async def is_refreshed() -> bool:
        return stack.orchestrator.first_pages > before

    await wait_until(is_refreshed)
    await stack.post(delivery("github", "push", push(repository=HOME), delivery_id="d-2"))
    assert len(stack.orchestrator.told) == 1


async def test_a_renamed_repository_is_known_by_its_number_and_its_secret(stack: Stack) -> None:
    await stack.post(delivery("github", "push", push(repository=HOME)))
    (note,) = await told(stack, 1)
    await stack.announce_change(stack.orchestrator.hooks[note.repository_id][0])
    renamed = HOME | {"full_name": "octo/bridge", "html_url": "https://forge.example/octo/bridge"}

    async def is_taken() -> bool:
        return (await stack.post(delivery("github", "push", push(repository=renamed), delivery_id="d-2")))[0] == 202

    await wait_until(is_taken)
    assert (await told(stack, 2))[-1].full_name == "octo/bridge"
    assert (await stack.triggers())[-1].repository.id == note.repository_id
    # Who has not the secret, or is another forge, is not believed.
    for odd, secret in ((renamed, "wrong"), (renamed | {"html_url": "https://evil.example/octo/bridge"}, SECRET)):
        post = delivery("github", "push", push(repository=odd | {"full_name": "evil/x"}), secret=secret)
        assert (await stack.post(post))[0] in {401, 404}
    assert stack.orchestrator.told[-1].full_name == "octo/bridge"


async def test_a_webhook_tells_of_a_new_name(stack: Stack) -> None:
    payload = {
        "action": "renamed",
        "changes": {"repository": {"name": {"from": "app"}}},
        "repository": HOME | {"full_name": "octo/bridge", "name": "bridge", "owner": {"login": "octo"}},
    }
    assert (await stack.post(delivery("github", "repository", payload, secret="wrong")))[0] == 401
    code, answer = await stack.post(delivery("github", "repository", payload))
    assert (code, list(answer)) == (202, ["ignored"])
    assert [(note.full_name, note.external_id) for note in await told(stack, 1)] == [("octo/bridge", 7)]

    async def is_taken() -> bool:
        return await status(stack, "octo/bridge", delivery_id="after") == 202

    await wait_until(is_taken)
