"""What the headers of a delivery say, read before its body."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tisktask_common.git_names import one_line
from tisktask_ingest import words
from tisktask_ingest.forges.dialect import Dialect
from tisktask_ingest.outcome import Refusal
from tisktask_ingest.signature import read_signature
from tisktask_ingest.signed_content import JSON_TYPE

_EVENT = re.compile(r"[A-Za-z0-9_]{1,100}")
_DELIVERY = re.compile(r"[A-Za-z0-9._:-]{1,200}")


@dataclass(frozen=True)
class DeliveryHeaders:
    """Event, its finer type, the delivery's id and the claimed signature."""

    event: str
    event_type: str
    delivery: str
    signature: bytes
    content_type: str = JSON_TYPE


def read_headers(dialect: Dialect, headers: Mapping[str, str]) -> DeliveryHeaders | Refusal:
    """Read what a delivery of this forge must carry. Names of headers are compared as `headers` does it."""
    content_type = _read_content_type(dialect, headers)
    if isinstance(content_type, Refusal):
        return content_type
    event = _first(headers, dialect.event_headers) or ""
    event_type = _first(headers, dialect.event_type_headers) or ""
    if not _EVENT.fullmatch(event or event_type):
        return _missing(dialect, dialect.event_headers)
    delivery = _first(headers, dialect.delivery_headers) or ""
    if not _DELIVERY.fullmatch(delivery):
        return _missing(dialect, dialect.delivery_headers)
    signature = read_signature(_first(headers, dialect.signature_headers))
    if signature is None:
        return Refusal(401, "missing_signature", words.missing_signature(dialect.signature_headers[0]))
    return DeliveryHeaders(event, event_type, delivery, signature, content_type)


def _read_content_type(dialect: Dialect, headers: Mapping[str, str]) -> str | Refusal:
    said = headers.get("Content-Type", "")
    content_type = said.partition(";")[0].strip().lower()
    if content_type not in dialect.content_types:
        return Refusal(415, "unsupported_media_type", words.wrong_content_type(one_line(said, 100)))
    encoding = headers.get("Content-Encoding", "identity")
    if encoding.strip().lower() != "identity":
        return Refusal(415, "unsupported_encoding", words.encoded_body(one_line(encoding, 50)))
    return content_type


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((headers[name].strip() for name in names if name in headers), None)


def _missing(dialect: Dialect, names: tuple[str, ...]) -> Refusal:
    return Refusal(400, "missing_header", words.missing_header(names[0], dialect.forge))
