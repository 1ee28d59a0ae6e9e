"""Each webhook address with the headers its forge sends and the functions that understand its payloads.

The address alone decides the forge: every Forgejo and Gitea delivery carries GitHub's headers too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from tisktask_common.git_names import one_line
from tisktask_ingest import words
from tisktask_ingest.forges import gitea, github, identity, local
from tisktask_ingest.outcome import Identity, Malformed, Outcome, Refusal
from tisktask_ingest.signed_content import FORM_TYPE, JSON_TYPE


@dataclass(frozen=True)
class Dialect:
    """How one forge speaks. Of several header names the first that is there counts."""

    forge: str
    event_headers: tuple[str, ...]
    delivery_headers: tuple[str, ...]
    signature_headers: tuple[str, ...]
    normalise: Callable[[str, str, bytes], Outcome]
    read_identity: Callable[[str, bytes], Identity | None]
    event_type_headers: tuple[str, ...] = ()
    content_types: tuple[str, ...] = (JSON_TYPE, FORM_TYPE)
    #: Of a form the decoded field is signed, not the body as it came.
    signs_form_field: bool = True
    #: Events that concern us: deliveries of others are ignored even if nobody knows their repository.
    events: frozenset[str] | None = None

    def concerns_us(self, event: str) -> bool:
        return self.events is None or event in self.events


#: They build nothing, and tell who sets up a webhook whether the repository is known.
_ALSO = ("create", "ping")

DIALECTS: Mapping[str, Dialect] = {
    dialect.forge: dialect
    for dialect in (
        Dialect(
            forge="github",
            event_headers=("X-GitHub-Event",),
            delivery_headers=("X-GitHub-Delivery",),
            signature_headers=("X-Hub-Signature-256",),
            normalise=github.normalise,
            read_identity=identity.read_identity,
            signs_form_field=False,
            events=frozenset({*github.READERS, *_ALSO}),
        ),
        Dialect(
            forge="forgejo",
            event_headers=("X-Forgejo-Event", "X-Gitea-Event"),
            event_type_headers=("X-Forgejo-Event-Type", "X-Gitea-Event-Type"),
            delivery_headers=("X-Forgejo-Delivery", "X-Gitea-Delivery"),
            signature_headers=("X-Hub-Signature-256", "X-Forgejo-Signature", "X-Gitea-Signature"),
            normalise=gitea.normalise,
            read_identity=identity.read_gitea_identity,
            events=frozenset({*gitea.READERS, *_ALSO}),
        ),
        Dialect(
            forge="gitea",
            event_headers=("X-Gitea-Event",),
            event_type_headers=("X-Gitea-Event-Type",),
            delivery_headers=("X-Gitea-Delivery",),
            signature_headers=("X-Hub-Signature-256", "X-Gitea-Signature"),
            normalise=gitea.normalise,
            read_identity=identity.read_gitea_identity,
            events=frozenset({*gitea.READERS, *_ALSO}),
        ),
        Dialect(
            forge="local",
            event_headers=("X-Tisktask-Event",),
            delivery_headers=("X-Tisktask-Delivery",),
            signature_headers=("X-Hub-Signature-256",),
            normalise=local.normalise,
            read_identity=local.read_identity,
            content_types=(JSON_TYPE,),
        ),
    )
}


def normalise(dialect: Dialect, event: str, event_type: str, body: bytes) -> Outcome:
    """Say what a delivery means; a payload that does not fit becomes a value that names the first bad field."""
    try:
        return dialect.normalise(event, event_type, body)
    except ValidationError as error:
        return _first_problem(error)


def read_identity(dialect: Dialect, event: str, body: bytes) -> Identity | Refusal | None:
    """Take the repository out of a payload that is not trusted yet."""
    try:
        return dialect.read_identity(event, body)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            return Refusal(400, "invalid_json", words.INVALID_JSON)
        problem = _first_problem(error)
        return Refusal(400, "invalid_payload", words.invalid_payload(problem.field, problem.problem))


def _first_problem(error: ValidationError) -> Malformed:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    if not path:
        return Malformed("", words.PAYLOAD_NOT_OBJECT)
    return Malformed(one_line(path, 200), first["msg"].removeprefix("Value error, "))
