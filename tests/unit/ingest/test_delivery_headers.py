"""What the headers of a delivery must be."""

import pytest
from multidict import CIMultiDict

from ingest_payloads import Post, delivery, push, sign
from tisktask_ingest.delivery_headers import DeliveryHeaders, read_headers
from tisktask_ingest.forges.dialect import DIALECTS
from tisktask_ingest.outcome import Refusal

FORGES = ["github", "forgejo", "gitea", "local"]


def read(post: Post) -> DeliveryHeaders | Refusal:
    return read_headers(DIALECTS[post.path.rsplit("/", 1)[1]], CIMultiDict(post.headers))


def code(post: Post) -> str:
    result = read(post)
    assert isinstance(result, Refusal)
    return f"{result.status} {result.code}"


@pytest.mark.parametrize("forge", FORGES)
def test_a_delivery_is_read(forge: str) -> None:
    post = delivery(forge, "push", push(), delivery_id="a-1:b.c_d")
    result = read(post)
    assert isinstance(result, DeliveryHeaders)
    assert (result.event, result.delivery) == ("push", "a-1:b.c_d")
    assert result.signature == bytes.fromhex(sign(post.body))


def test_the_address_decides_the_forge_and_not_the_headers() -> None:
    """Forgejo says that it is GitHub too, but GitHub's headers alone do not make a Forgejo delivery."""
    post = delivery("github", "push", push())
    assert code(Post("/api/triggers/forgejo", post.body, post.headers)) == "400 missing_header"


def test_an_old_forgejo_that_calls_itself_gitea_is_understood() -> None:
    post = delivery("gitea", "push", push())
    result = read(Post("/api/triggers/forgejo", post.body, post.headers))
    assert isinstance(result, DeliveryHeaders)


@pytest.mark.parametrize("forge", ["forgejo", "gitea"])
def test_a_bare_signature_does_where_the_other_is_absent(forge: str) -> None:
    post = delivery(forge, "push", push()).with_headers(X_Hub_Signature_256=None)
    assert isinstance(read(post), DeliveryHeaders)


@pytest.mark.parametrize("forge", FORGES)
@pytest.mark.parametrize("value", ["", "sha256=", "sha1=" + "a" * 40, "x"])
def test_an_empty_or_other_signature_is_refused_whatever_else_is_there(forge: str, value: str) -> None:
    assert code(delivery(forge, "push", push()).with_headers(X_Hub_Signature_256=value)) == "401 missing_signature"


def test_a_missing_signature_is_refused() -> None:
    assert code(delivery("github", "push", push()).with_headers(X_Hub_Signature_256=None)) == "401 missing_signature"


@pytest.mark.parametrize("content_type", [None, "", "multipart/form-data", "text/plain", "application/jsonp"])
def test_only_json_and_forms_are_taken(content_type: str | None) -> None:
    post = delivery("github", "push", push()).with_headers(Content_Type=content_type)
    assert code(post) == "415 unsupported_media_type"


def test_of_our_own_commands_only_json_is_taken() -> None:
    post = delivery("local", "push", push()).with_headers(Content_Type="application/x-www-form-urlencoded")
    assert code(post) == "415 unsupported_media_type"


def test_a_character_set_beside_json_does_no_harm() -> None:
    post = delivery("github", "push", push()).with_headers(Content_Type="application/json; charset=utf-8")
    assert isinstance(read(post), DeliveryHeaders)


def test_a_compressed_body_is_refused() -> None:
    assert code(delivery("github", "push", push()).with_headers(Content_Encoding="gzip")) == "415 unsupported_encoding"


@pytest.mark.parametrize("name", ["X_GitHub_Event", "X_GitHub_Delivery"])
@pytest.mark.parametrize("value", [None, "", "a b", "x" * 300, "é"])
def test_a_missing_or_strange_header_is_refused_by_name(name: str, value: str | None) -> None:
    result = read(delivery("github", "push", push()).with_headers(**{name: value}))
    assert isinstance(result, Refusal)
    assert (result.status, result.code) == (400, "missing_header")
    assert name.replace("_", "-") in result.message
