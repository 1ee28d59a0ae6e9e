"""Signatures, with the vectors that the forges publish."""

import pytest
from pydantic import SecretStr

from ingest_payloads import sign
from tisktask_ingest.signature import is_authentic, read_signature

GITHUB_SECRET = "It's a Secret to Everybody"
GITHUB_HEX = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
JSON_HEX = "8e922b75778c0327f794ae5838d2d68b94497aab8ac4d1305d62412b66a122b0"
JSON_BODY = '{"ref":"refs/heads/main","x":"a&b <é>"}'.encode()


def secrets(*texts: str) -> list[SecretStr]:
    return [SecretStr(text) for text in texts]


def test_githubs_documented_example_is_authentic() -> None:
    signature = read_signature(f"sha256={GITHUB_HEX}")
    assert signature is not None
    assert is_authentic(b"Hello, World!", signature, secrets(GITHUB_SECRET))


def test_a_json_body_beyond_ascii_is_signed_as_bytes() -> None:
    signature = read_signature(JSON_HEX)
    assert signature is not None
    assert is_authentic(JSON_BODY, signature, secrets("s3cr3t"))


def test_one_changed_byte_is_not_authentic() -> None:
    signature = bytes.fromhex(GITHUB_HEX)
    assert not is_authentic(b"Hello, World?", signature, secrets(GITHUB_SECRET))


def test_either_of_two_secrets_will_do_while_they_are_exchanged() -> None:
    for secret in ("old", "new"):
        assert is_authentic(b"body", bytes.fromhex(sign(b"body", secret)), secrets("old", "new"))
    assert not is_authentic(b"body", bytes.fromhex(sign(b"body", "other")), secrets("old", "new"))


def test_without_a_secret_nothing_is_authentic_not_even_what_the_empty_key_signed() -> None:
    signature = bytes.fromhex(sign(b"body", ""))
    assert not is_authentic(b"body", signature, [])
    assert not is_authentic(b"body", signature, secrets(""))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        " ",
        "sha256=",
        "sha256= ",
        "sha1=" + "a" * 40,
        "sha1=" + "a" * 64,
        GITHUB_HEX[:-1],
        GITHUB_HEX + "0",
        "sha256=" + "z" * 64,
        "sha256=sha256=" + GITHUB_HEX,
        f"{GITHUB_HEX[:32]} {GITHUB_HEX[32:]}",
        "sha256=" + "\uff11" * 64,
    ],
)
def test_what_is_not_64_hexadecimal_digits_is_no_signature(header: str | None) -> None:
    assert read_signature(header) is None


def test_capital_digits_are_the_same_signature() -> None:
    assert read_signature("sha256=" + GITHUB_HEX.upper()) == bytes.fromhex(GITHUB_HEX)
