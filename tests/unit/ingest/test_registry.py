"""Which repository a name means, and what its deliveries are signed with."""

from pathlib import Path

from pydantic import SecretStr

from tisktask_common.events import Repository
from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import HookSecrets
from tisktask_common.sealing import KeyPair, seal
from tisktask_ingest.outcome import Identity
from tisktask_ingest.registry import Hook, Registry, open_hook
from tisktask_ingest.snapshot import Snapshot, read_snapshot, write_snapshot

REPOSITORY = Repository(id=RepositoryId("repo_1"), forge="forgejo", full_name="Octo/App")


def test_a_repository_is_found_by_forge_and_name_in_any_case() -> None:
    registry = Registry()
    registry.replace([Hook(REPOSITORY, ())])
    (found,) = registry.find("forgejo", Identity("octo/APP"))
    assert found.repository == REPOSITORY
    assert registry.find("gitea", Identity("Octo/App")) == []


def test_a_renamed_repository_is_found_by_its_former_name_or_by_its_number_at_that_forge() -> None:
    one, other, nameless = (
        Hook(REPOSITORY.model_copy(update={"full_name": name}), (), host, number)
        for name, host, number in (("octo/app", "a.example", 7), ("octo/twin", "b.example", 7), ("octo/x", "", 7))
    )
    registry = Registry()
    registry.replace([one, other, nameless])
    assert registry.find("forgejo", Identity("octo/new", 7, "a.example")) == [one]
    assert registry.find("forgejo", Identity("octo/new", 7, "b.example")) == [other]
    assert registry.find("forgejo", Identity("octo/new", 7, "")) == []
    assert registry.find("forgejo", Identity("octo/new", 8, "a.example")) == []
    assert registry.find("gitea", Identity("octo/new", 7, "a.example")) == []
    assert registry.find("forgejo", Identity("octo/new", former_name="Octo/App")) == [one]
    assert registry.find("forgejo", Identity("octo/twin", 7, "a.example")) == [other, one]


def test_replacing_tells_whether_anything_changed() -> None:
    registry = Registry()
    assert not registry.is_loaded
    assert registry.replace([])
    assert registry.is_loaded
    assert registry.replace([Hook(REPOSITORY, (SecretStr("a"),))])
    assert not registry.replace([Hook(REPOSITORY, (SecretStr("a"),))])
    assert registry.replace([Hook(REPOSITORY, (SecretStr("b"),))])
    assert registry.replace([])
    assert registry.find("forgejo", Identity("octo/app")) == []


def test_a_secret_that_can_not_be_opened_or_is_empty_does_not_count() -> None:
    keys, others = KeyPair.generate(), KeyPair.generate()
    sealed = [seal(SecretStr("good"), keys.public), seal(SecretStr("x"), others.public), "rubbish"]
    sealed.append(seal(SecretStr(""), keys.public))
    hook = open_hook(HookSecrets(repository=REPOSITORY, sealed_secrets=sealed), keys)
    assert hook.secrets == (SecretStr("good"),)


def test_a_snapshot_comes_back_and_holds_no_secret_in_clear(tmp_path: Path) -> None:
    keys = KeyPair.generate()
    item = HookSecrets(repository=REPOSITORY, sealed_secrets=[seal(SecretStr("hush-hush"), keys.public)])
    snapshot = Snapshot(public_key=keys.public, items=[item])
    path = tmp_path / "snapshot"
    write_snapshot(path, snapshot)
    assert read_snapshot(path, keys.public) == snapshot
    assert b"hush-hush" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_snapshot_that_is_missing_broken_or_for_another_key_is_no_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    assert read_snapshot(path, "key") is None
    write_snapshot(path, Snapshot(public_key="other", items=[]))
    assert read_snapshot(path, "key") is None
    path.write_bytes(b'{"public_key": "key", "ite')
    assert read_snapshot(path, "key") is None
