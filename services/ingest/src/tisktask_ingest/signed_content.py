"""What of a body is JSON, and what of it is signed: of forms those differ, and not alike on all forges. Pure."""

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from tisktask_ingest import words
from tisktask_ingest.outcome import Refusal

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
_FIELD = b"payload"
#: Forges send one field.
_FIELDS_MAX = 10


@dataclass(frozen=True)
class Content:
    """A delivery's JSON, and the bytes that its signature is over."""

    payload: bytes
    signed: bytes


def read_content(content_type: str, body: bytes, *, signs_field: bool) -> Content | Refusal:
    """Take the JSON out of a body. `signs_field`: of a form the decoded field is signed, not the bytes as they came."""
    if content_type != FORM_TYPE:
        return Content(body, body)
    if body.count(b"&") >= _FIELDS_MAX:
        return Refusal(400, "invalid_form", words.NO_FORM_FIELD)
    fields = [field.partition(b"=") for field in body.split(b"&")]
    values = [value for name, _, value in fields if name == _FIELD]
    if len(values) != 1 or not values[0]:
        return Refusal(400, "invalid_form", words.NO_FORM_FIELD)
    payload = unquote_to_bytes(values[0].replace(b"+", b" "))
    return Content(payload, payload if signs_field else body)
