"""Secrets on their way and at rest."""

import base64

import pytest
from pydantic import SecretStr

from tisktask_common.errors import UserError
from tisktask_common.sealing import KeyPair, SealingError, seal
from tisktask_orchestrator.secrets import Secrets, check_public_key

KEY = SecretStr(base64.b64encode(b"k" * 32).decode())


def test_a_secret_goes_in_sealed_lies_locked_and_comes_out_sealed() -> None:
    secrets = Secrets(KEY)
    locked = secrets.take_in("token", seal(SecretStr("hush"), secrets.public_key))
    assert locked
    assert b"hush" not in locked
    reader = KeyPair.generate()
    sealed = secrets.hand_over(locked, reader.public)
    assert sealed
    assert reader.open(sealed).get_secret_value() == "hush"


def test_no_secret_stays_no_secret() -> None:
    secrets = Secrets(KEY)
    assert secrets.take_in("token", None) is None
    assert secrets.hand_over(None, KeyPair.generate().public) is None


def test_all_replicas_have_the_same_public_key_and_other_installations_another() -> None:
    other = SecretStr(base64.b64encode(b"x" * 32).decode())
    assert Secrets(KEY).public_key == Secrets(KEY).public_key
    assert Secrets(KEY).public_key != Secrets(other).public_key


def test_the_master_key_may_be_hexadecimal_too() -> None:
    assert Secrets(SecretStr((b"k" * 32).hex())).public_key == Secrets(KEY).public_key


@pytest.mark.parametrize("text", ["", "short", "a" * 63, "ü" * 32, "z" * 64, base64.b64encode(b"k" * 31).decode()])
def test_a_master_key_of_another_form_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(UserError, match="TISKTASK_MASTER_KEY") as caught:
        Secrets(SecretStr(text))
    assert not text or text not in str(caught.value)


def test_a_secret_that_was_sealed_for_another_names_its_field() -> None:
    with pytest.raises(UserError, match="sealed_token"):
        Secrets(KEY).take_in("sealed_token", seal(SecretStr("hush"), KeyPair.generate().public))


@pytest.mark.parametrize("secret", ["", "x" * 5000])
def test_a_secret_of_no_sensible_length_is_refused(secret: str) -> None:
    secrets = Secrets(KEY)
    with pytest.raises(UserError, match="1 to 4096"):
        secrets.take_in("sealed_token", seal(SecretStr(secret), secrets.public_key))


def test_another_master_key_opens_nothing() -> None:
    secrets = Secrets(KEY)
    locked = secrets.take_in("token", seal(SecretStr("hush"), secrets.public_key))
    other = Secrets(SecretStr(base64.b64encode(b"x" * 32).decode()))
    with pytest.raises(SealingError, match="another master key"):
        other.hand_over(locked, KeyPair.generate().public)


@pytest.mark.parametrize("key", ["", "nonsense", base64.b64encode(b"k" * 31).decode(), "ü"])
def test_a_public_key_that_nothing_can_be_sealed_for_is_refused(key: str) -> None:
    with pytest.raises(UserError, match="public_key"):
        check_public_key(key)
