"""Repositories are added, changed and removed; their secrets are handed over sealed and lie locked."""

import asyncio

import pytest
from nats.aio.msg import Msg

from nats_server import NatsServer
from orchestrator_stage import Stage, staging
from tisktask_common.bus.connection import Bus
from tisktask_common.errors import NotFoundError, UserError
from tisktask_common.events import EVENT, RepositoryChanged
from tisktask_common.ids import RepositoryId
from tisktask_common.repository_identity import NoteIdentity
from tisktask_common.rpc import AskCredential, ListRepositories, RemoveRepository, RenameRepository
from tisktask_common.sealing import KeyPair


async def test_the_same_forge_and_name_is_the_same_repository(stage: Stage) -> None:
    first = await stage.add_repository("Octo/Demo")
    again = await stage.add_repository("octo/demo", clone_url="https://other.example/octo/demo")
    assert again.id == first.id
    other = await stage.add_repository("octo/demo", forge="gitea")
    assert other.id != first.id
    rows = await stage.rows("SELECT full_name, clone_url, has_token FROM api.repositories WHERE id = %s", first.id)
    assert rows == [{"full_name": "octo/demo", "clone_url": "https://other.example/octo/demo", "has_token": False}]


async def test_those_who_watch_hear_of_every_change(stage: Stage) -> None:
    heard: asyncio.Queue[RepositoryChanged] = asyncio.Queue()

    async def take(message: Msg) -> None:
        event = EVENT.validate_json(message.data)
        assert isinstance(event, RepositoryChanged)
        heard.put_nowait(event)

    await stage.bus.client.subscribe("repository.>", cb=take)
    repository = await stage.add_repository()
    await stage.add_repository()
    assert (await stage.bus.request(RemoveRepository(repository_id=repository.id))).accepted
    events = [await asyncio.wait_for(heard.get(), 5) for _ in range(3)]
    assert [(event.repository.id, event.is_removed) for event in events] == [
        (repository.id, False),
        (repository.id, False),
        (repository.id, True),
    ]


async def test_a_removed_repository_can_be_added_anew(stage: Stage) -> None:
    first = await stage.add_repository(sealed_webhook_secret=await stage.seal("hush"))
    for _ in range(2):
        assert (await stage.bus.request(RemoveRepository(repository_id=first.id))).accepted
    assert await stage.rows("SELECT id FROM api.repositories") == []
    second = await stage.add_repository()
    assert second.id != first.id
    (row,) = await stage.rows("SELECT id, has_webhook_secret FROM api.repositories")
    assert row == {"id": second.id, "has_webhook_secret": False}


async def test_secrets_stay_if_none_are_given_and_are_replaced_if_they_are(stage: Stage) -> None:
    keys = KeyPair.generate()
    repository = await stage.add_repository(
        sealed_token=await stage.seal("token-1"), sealed_webhook_secret=await stage.seal("hook-1")
    )
    await stage.add_repository(sealed_webhook_secret=await stage.seal("hook-2"))
    credential = await stage.bus.request(AskCredential(repository_id=repository.id, public_key=keys.public))
    assert credential.sealed_token
    assert keys.open(credential.sealed_token).get_secret_value() == "token-1"
    page = await stage.bus.request(ListRepositories(public_key=keys.public))
    ((item,), rest) = page.items, page.next_after
    assert [keys.open(sealed).get_secret_value() for sealed in item.sealed_secrets] == ["hook-2"]
    assert rest is None


async def test_the_list_comes_in_pages(stage: Stage) -> None:
    keys = KeyPair.generate()
    added = {(await stage.add_repository(f"octo/r{number}")).id for number in range(55)}
    first = await stage.bus.request(ListRepositories(public_key=keys.public))
    assert len(first.items) == 50
    second = await stage.bus.request(ListRepositories(public_key=keys.public, after=first.next_after))
    assert second.next_after is None
    assert {item.repository.id for item in first.items + second.items} == added
    assert all(item.sealed_secrets == [] for item in first.items)


async def test_a_credential_is_given_for_a_removed_repository_too(stage: Stage) -> None:
    """Its last runs still have to be shown on the forge."""
    keys = KeyPair.generate()
    repository = await stage.add_repository(sealed_token=await stage.seal("hush"), api_url="https://forge.example/api")
    await stage.bus.request(RemoveRepository(repository_id=repository.id))
    credential = await stage.bus.request(AskCredential(repository_id=repository.id, public_key=keys.public))
    assert credential.api_url == "https://forge.example/api"
    assert credential.sealed_token
    assert keys.open(credential.sealed_token).get_secret_value() == "hush"


async def test_what_is_not_there_is_not_found(stage: Stage) -> None:
    unknown = RepositoryId("repo_none")
    with pytest.raises(NotFoundError, match="repo_none"):
        await stage.bus.request(RemoveRepository(repository_id=unknown))
    with pytest.raises(NotFoundError, match="repo_none"):
        await stage.bus.request(AskCredential(repository_id=unknown, public_key=KeyPair.generate().public))


async def test_a_local_repository_needs_the_settings_leave(
    stage: Stage, bus: Bus, nats_server: NatsServer, database_url: str
) -> None:
    with pytest.raises(UserError, match="TISKTASK_ALLOW_LOCAL_REPOSITORIES"):
        await stage.add_repository(forge="local", clone_url="/srv/git/demo")


async def test_a_local_repository_is_added_where_it_is_allowed(
    bus: Bus, nats_server: NatsServer, database_url: str
) -> None:
    async with staging(bus, nats_server.url, database_url, allow_local_repositories=True) as stage:
        repository = await stage.add_repository(forge="local", clone_url="/srv/git/demo")
        assert repository.forge == "local"


async def test_secrets_are_nowhere_in_clear(stage: Stage) -> None:
    secrets = ("very-secret-token", "very-secret-hook")
    heard: list[bytes] = []

    async def listen(message: Msg) -> None:
        heard.append(message.data)

    await stage.bus.client.subscribe(">", cb=listen)
    await stage.bus.client.flush()
    await stage.add_repository(
        sealed_token=await stage.seal(secrets[0]), sealed_webhook_secret=await stage.seal(secrets[1])
    )
    await stage.bus.request(ListRepositories(public_key=KeyPair.generate().public))
    runner = await stage.runner()
    _, works = await stage.start_run(runner, "build")
    await runner.run(works["build"])
    await stage.wait_for_empty_outbox()
    said = b"".join(heard)
    assert b"sealed_token" in said
    tables = await stage.rows(
        "SELECT format('%%I.%%I', table_schema, table_name) AS name FROM information_schema.tables"
        " WHERE table_schema IN ('orchestrator', 'api')"
    )
    assert len(tables) > 10
    for table in tables:
        rows = await stage.rows(f"SELECT t::text AS line FROM {table['name']} AS t")
        said += "\n".join(row["line"] for row in rows).encode()
    for secret in secrets:
        assert secret.encode() not in said
        assert secret.encode().hex().encode() not in said


async def test_a_renamed_repository_keeps_its_id_and_is_fetched_from_its_new_place(stage: Stage) -> None:
    repository = await stage.add_repository("me/app", clone_url="https://forge.example/git/me/app.git")
    request = RenameRepository(repository_id=repository.id, old_name="me/app", full_name="you/app2")
    assert (await stage.bus.request(request)).accepted
    rows = await stage.rows("SELECT id, full_name, clone_url FROM api.repositories")
    expected = {"id": repository.id, "full_name": "you/app2", "clone_url": "https://forge.example/git/you/app2.git"}
    assert rows == [expected]
    # Told again, or by somebody who has not heard of it.
    assert not (await stage.bus.request(request)).accepted
    assert (await stage.rows("SELECT full_name FROM api.repositories")) == [{"full_name": "you/app2"}]


async def test_a_repository_does_not_take_anothers_name(stage: Stage) -> None:
    repository = await stage.add_repository("me/app")
    await stage.add_repository("me/other")
    request = RenameRepository(repository_id=repository.id, old_name="me/app", full_name="Me/Other")
    reply = await stage.bus.request(request)
    assert not reply.accepted
    assert "Me/Other" in reply.reason
    with pytest.raises(UserError):
        await stage.bus.request(request.model_copy(update={"full_name": "../etc"}))


class TestNewNames:
    async def test_a_renamed_repository_goes_on_under_its_new_name(self, stage: Stage) -> None:
        repository = await stage.add_repository("octo/app", clone_url="https://forge.example/git/octo/app.git")
        note = NoteIdentity(repository_id=repository.id, full_name="cat/bridge", external_id=7)
        assert [(await stage.bus.request(note)).accepted for _ in range(2)] == [True, True]
        (row,) = await stage.rows("SELECT id, full_name, clone_url FROM api.repositories")
        assert row == {
            "id": repository.id,
            "full_name": "cat/bridge",
            "clone_url": "https://forge.example/git/cat/bridge.git",
        }
        page = await stage.bus.request(ListRepositories(public_key=KeyPair.generate().public))
        assert [(item.repository.full_name, item.external_id, item.clone_url) for item in page.items] == [
            ("cat/bridge", 7, row["clone_url"])
        ]
        changed = [event for event in await stage.events() if isinstance(event, RepositoryChanged)]
        assert [event.repository.full_name for event in changed] == ["octo/app", "cat/bridge"]

    async def test_a_number_that_is_not_told_stays_and_one_of_another_address_is_forgotten(self, stage: Stage) -> None:
        repository = await stage.add_repository("octo/app")
        for external_id in (7, None):
            note = NoteIdentity(repository_id=repository.id, full_name="octo/app", external_id=external_id)
            assert (await stage.bus.request(note)).accepted
        assert await stage.rows("SELECT external_id FROM orchestrator.repositories") == [{"external_id": 7}]
        await stage.add_repository("octo/app")
        assert await stage.rows("SELECT external_id FROM orchestrator.repositories") == [{"external_id": 7}]
        await stage.add_repository("octo/app", clone_url="https://other.example/octo/app")
        assert await stage.rows("SELECT external_id FROM orchestrator.repositories") == [{"external_id": None}]

    async def test_a_name_that_another_has_is_not_taken_over(self, stage: Stage) -> None:
        repository = await stage.add_repository("octo/app")
        await stage.add_repository("octo/bridge")
        answer = await stage.bus.request(NoteIdentity(repository_id=repository.id, full_name="Octo/Bridge"))
        assert not answer.accepted
        assert "octo/bridge" in answer.reason.lower()

    async def test_what_is_no_repository_of_a_forge_or_no_name_is_refused(self, stage: Stage) -> None:
        repository = await stage.add_repository("octo/app")
        with pytest.raises(UserError, match="full_name"):
            await stage.bus.request(NoteIdentity(repository_id=repository.id, full_name="../x"))
        await stage.bus.request(RemoveRepository(repository_id=repository.id))
        for unknown in (repository.id, RepositoryId("repo_x")):
            with pytest.raises(NotFoundError):
                await stage.bus.request(NoteIdentity(repository_id=unknown, full_name="octo/new"))
