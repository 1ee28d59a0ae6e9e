"""Forms: what of them is the payload, and what is signed."""

import json
from urllib.parse import quote_plus, urlencode

import pytest
from pydantic import SecretStr

from tisktask_ingest.outcome import Refusal
from tisktask_ingest.signature import is_authentic
from tisktask_ingest.signed_content import FORM_TYPE, JSON_TYPE, Content, read_content

PAYLOAD = '{"ref":"refs/heads/main","x":"a&b <é>"}'.encode()
FORM = b"payload=" + quote_plus(PAYLOAD).encode()
SECRETS = [SecretStr("s3cr3t")]
#: Of the JSON itself, and of the same as GitHub sends it in a form.
OF_JSON = bytes.fromhex("8e922b75778c0327f794ae5838d2d68b94497aab8ac4d1305d62412b66a122b0")
OF_FORM = bytes.fromhex("63a4941f3b966cdb65172d0bcd890392bc9a736a5a7fc86dcafe095d1f114a7b")


def content(body: bytes, content_type: str = FORM_TYPE, *, signs_field: bool = True) -> Content:
    found = read_content(content_type, body, signs_field=signs_field)
    assert isinstance(found, Content), found
    return found


def test_json_is_signed_as_it_is() -> None:
    assert content(PAYLOAD, JSON_TYPE) == Content(PAYLOAD, PAYLOAD)
    assert is_authentic(PAYLOAD, OF_JSON, SECRETS)


def test_githubs_form_is_signed_as_it_comes_and_the_others_field_is_signed_decoded() -> None:
    github, others = content(FORM, signs_field=False), content(FORM)
    assert github.payload == others.payload == PAYLOAD
    assert is_authentic(github.signed, OF_FORM, SECRETS)
    assert is_authentic(others.signed, OF_JSON, SECRETS)
    assert not is_authentic(github.signed, OF_JSON, SECRETS)
    assert not is_authentic(others.signed, OF_FORM, SECRETS)


@pytest.mark.parametrize("payload", ['{"a": "%41+ &="}', '{"\\u00e9": "\\ud83d\\ude00"}', "{}"])
def test_the_field_is_decoded_once(payload: str) -> None:
    assert json.loads(content(urlencode({"x": "1", "payload": payload}).encode()).payload) == json.loads(payload)


@pytest.mark.parametrize("body", [b"", b"payload", b"Payload={}", b"payload={}&payload={}", b"&" * 50, b"a=" + FORM])
def test_a_form_without_one_payload_is_refused(body: bytes) -> None:
    assert isinstance(read_content(FORM_TYPE, body, signs_field=True), Refusal)
