"""Secrets: sealed for one reader, locked at rest, keys made once."""

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from tisktask_common.sealing import KeyPair, SealingError, Vault, load_or_create_key, seal


def test_only_the_owner_of_the_key_opens_what_was_sealed_for_it():
    mine, other = KeyPair.generate(), KeyPair.generate()
    sealed = seal(SecretStr("höchst geheim"), mine.public)
    assert "geheim" not in sealed
    assert mine.open(sealed).get_secret_value() == "höchst geheim"
    with pytest.raises(SealingError):
        other.open(sealed)


def test_a_locked_secret_opens_with_the_same_master_key_only():
    locked = Vault(b"k" * 32).lock(SecretStr("token"))
    assert b"token" not in locked
    assert Vault(b"k" * 32).unlock(locked).get_secret_value() == "token"
    with pytest.raises(SealingError, match="master key"):
        Vault(b"x" * 32).unlock(locked)


def test_a_key_is_made_once_for_the_owner_alone_even_by_many_at_once(tmp_path):
    path = tmp_path / "keys" / "master"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: load_or_create_key(path), range(16)))
    assert len(keys) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["master"]


def test_a_key_file_of_the_wrong_size_is_refused(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(b"short")
    with pytest.raises(SealingError, match="32 bytes"):
        load_or_create_key(path)
