"""Every word that a person reads in an answer of ingest, in the forge's list of deliveries or on a terminal."""

from pathlib import Path

from tisktask_common.trigger_events import IGNORED

DELETION_PUSHED = "a branch or tag was deleted: that comes as the event delete, too"
COMMENT_NOT_NEW = "only new comments give commands, not those that are edited or deleted"
COMMENT_ON_ISSUE = "it is a comment on an issue; commands are comments on pull requests"
NO_COMMAND = "the comment gives no command: its first line does not begin with a slash and a name, as in /retest"
DRAFT_RELEASE = "the release is a draft: it has no tag to build yet"
MERGE_GROUP_OVER = "the merge queue does not wait for this group"
CHECK_NOT_AGAIN = "nobody has asked to run the check again"
MISSING = "it is missing"
DELETED = "a branch or tag was deleted: there is nothing to build"
NO_COMMIT = "the tag does not point to a commit: there is nothing to build"
OTHER_REF = "only branches and tags are built, and this push was to another kind of ref"
NO_REPOSITORY = "the payload names no repository: there is nothing to build"
PAYLOAD_NOT_OBJECT = "it must be a JSON object"
OTHER_EVENT = "it differs from the X-Tisktask-Event header"


def event_not_built(event: str) -> str:
    return IGNORED.get(event) or f"the event {event} does not build anything"


def pong(full_name: str) -> str:
    return f"the webhook of {full_name} works: the delivery arrived and its signature is right"


def unknown_endpoint(forges: str) -> str:
    return f"There is no such webhook address. Use /api/triggers/ and one of: {forges}."


def missing_header(names: str, forge: str) -> str:
    return (
        f"The request has no usable header {names}. A webhook of {forge} sends it with every delivery: "
        "is this address set as the webhook's target, and is its type right?"
    )


NO_FORM_FIELD = (
    "The form has no single field payload with the JSON in it. "
    "Choose application/json as the content type in the webhook's settings."
)


def wrong_content_type(content_type: str) -> str:
    return (
        f"The content type is {content_type or 'missing'}, but only application/json is taken, and a forge's form. "
        "Choose application/json as the content type in the webhook's settings."
    )


def encoded_body(encoding: str) -> str:
    return f"The body is encoded ({encoding}). Send it as it is: the signature is checked over the bytes."


def body_too_large(bytes_max: int) -> str:
    return (
        f"The payload has more than {bytes_max // 1024**2} MiB. Push fewer commits at once, or start the run by hand."
    )


def body_too_slow(seconds: float) -> str:
    return f"The body did not arrive within {seconds:.0f} seconds. Deliver it again."


BODY_BROKEN_OFF = "The body ended before its announced length. Deliver it again."
TOO_MANY_BODIES = "Too many large deliveries are arriving at once. Deliver this one again in a minute."
INVALID_JSON = (
    "The body is not complete JSON. Deliver it again; if it stays so, look at what is between us and the forge."
)
STARTING = (
    "Tisktask has just been started and does not know its repositories yet. Deliver it again in a minute; "
    "if it stays so, look whether the orchestrator and the message bus run."
)
NO_ROOM = (
    "The message bus is away and the spool on disk can take no more deliveries. "
    "Bring the bus back or give the spool more room, then deliver it again."
)
INTERNAL = "Something failed in Tisktask; its log tells more. Deliver it again later."


def state_dir_not_usable(folder: Path, reason: str | None) -> str:
    return f"{folder} can not be used: {reason}. Set TISKTASK_STATE_DIR to a folder that ingest may write to."


def wrong_method(method: str) -> str:
    return f"A webhook delivery is a POST, not a {method}. Choose POST as the method in the webhook's settings."


def invalid_payload(field: str, problem: str) -> str:
    where = f"{field}: " if field else ""
    return f"The payload can not be used: {where}{problem}."


def unknown_repository(forge: str, full_name: str) -> str:
    return (
        f"There is no {forge} repository {full_name} in Tisktask. Add it with `tisktask repo add`, "
        "and see that the webhook's address ends with the right forge."
    )


def missing_signature(header: str) -> str:
    return (
        f"The delivery is not signed: {header} is missing or empty. "
        "Set the secret in the webhook's settings, the same as in Tisktask."
    )


def bad_signature(full_name: str) -> str:
    return (
        f"The signature does not match. Set the same secret for {full_name} in the webhook's settings and in Tisktask."
    )


def no_secret(full_name: str) -> str:
    return (
        f"Tisktask has no webhook secret for {full_name}, so it can not check deliveries. "
        "Set one with `tisktask repo add --webhook-secret-file`, and the same in the webhook's settings."
    )


NOT_KEPT = (
    "The payload of this trigger is not kept any more, or there was none: deliveries are kept for seven days, "
    "and for less while they are many. Have the forge deliver it again, or run its run again."
)
KEPT_BY_OLDER = "The payload was kept by an older version, which did not note what it was. Run its run again instead."
REPLAY_OF_REMOVED = "The repository of this delivery is not in Tisktask any more."


def no_trigger(trigger: str) -> str:
    return f"There is no trigger {ascii(trigger)[1:-1]}: its id begins with trg_."


def wrong_request_id(chars_max: int) -> str:
    return f"request_id: 1 to {chars_max} letters, digits, dots, colons, - and _ are expected"


def replay_ignored(reason: str) -> str:
    return f"The delivery makes no run: {reason}."
