"""Repositories in a folder: deliveries that the `tisktask trigger` command makes and signs itself."""

from pydantic import Field

from tisktask_common.errors import UserError
from tisktask_common.events import Change
from tisktask_common.git_names import (
    LOGIN_LENGTH_MAX,
    NUMBER_MAX,
    TITLE_LENGTH_MAX,
    Branch,
    FolderName,
    Ref,
    Sha,
    is_zero,
    one_line,
)
from tisktask_common.pull_requests import Loose
from tisktask_common.run_inputs import check_inputs
from tisktask_ingest import words
from tisktask_ingest.outcome import Identity, Ignored, Malformed, Outcome, Ping, Triggered


class LocalEnvelope(Loose):
    """What must be known before the signature can be checked."""

    repository: str | None = None


class LocalEvent(Loose):
    """What the body says happened; unlike the header, it is signed."""

    event: FolderName


class LocalDelivery(LocalEvent):
    """A commit of a local repository, and what to run for it."""

    action: FolderName | None = None
    ref: Ref
    sha: Sha
    before: Sha | None = None
    actor: str | None = None
    title: str | None = None
    pull_request: int | None = Field(default=None, gt=0, le=NUMBER_MAX)
    base_branch: Branch | None = None
    inputs: dict[str, str] = Field(default_factory=dict[str, str])


def read_identity(_event: str, body: bytes) -> Identity | None:
    """Take the repository's name out of a payload. Raises ValidationError for what is no JSON object."""
    name = LocalEnvelope.model_validate_json(body).repository
    return Identity(name) if name else None


def normalise(event: str, _event_type: str, body: bytes) -> Outcome:
    """Say what a delivery means. Raises ValidationError if the payload lacks what is needed."""
    if LocalEvent.model_validate_json(body).event != event:
        return Malformed("event", words.OTHER_EVENT)
    if event == "ping":
        return Ping()
    delivery = LocalDelivery.model_validate_json(body)
    if is_zero(delivery.sha):
        return Ignored(words.DELETED)
    try:
        check_inputs(delivery.inputs)
    except UserError as error:
        return Malformed("inputs", error.message.removeprefix("inputs: "))
    return Triggered(_change(delivery), inputs=delivery.inputs)


def _change(delivery: LocalDelivery) -> Change:
    is_tag = delivery.ref.startswith("refs/tags/")
    is_branch = delivery.ref.startswith("refs/heads/")
    return Change(
        # As on the forges: a push of a tag is a tag.
        event="tag" if delivery.event == "push" and is_tag else delivery.event,
        action=delivery.action,
        sha=delivery.sha,
        ref=delivery.ref,
        branch=delivery.ref.removeprefix("refs/heads/") if is_branch else None,
        tag=delivery.ref.removeprefix("refs/tags/") if is_tag else None,
        base_sha=None if delivery.before is None or is_zero(delivery.before) else delivery.before,
        base_branch=delivery.base_branch,
        pull_request=delivery.pull_request,
        actor=one_line(delivery.actor, LOGIN_LENGTH_MAX),
        title=one_line(delivery.title, TITLE_LENGTH_MAX),
    )
