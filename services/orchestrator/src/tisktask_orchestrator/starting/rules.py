"""What a wanted run may look like, and what it becomes when its commit is known. Pure: raises a UserError."""

import re

from tisktask_common.errors import UserError
from tisktask_common.events import Change
from tisktask_common.git_names import is_sha
from tisktask_common.run_inputs import check_inputs
from tisktask_common.starts import SCHEDULE, StartRun
from tisktask_orchestrator.bounds import bounded
from tisktask_orchestrator.starting import words

REQUEST_ID_CHARS_MAX = 100
REF_CHARS_MAX = 255
_EVENT = re.compile(r"[a-z][a-z0-9_]{0,49}")
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
#: What `git check-ref-format` refuses.
_NOT_IN_REFS = re.compile(r"[\x00-\x20\x7f-\x9f~^:?*\[\\\ud800-\udfff]|\.\.|@\{|//|^/|/$|^-|\.$|^\.|/\.|\.lock$")
_BRANCH, _TAG = "refs/heads/", "refs/tags/"


def check_start(request: StartRun) -> None:
    """Refuse what can not become a run; says which field is wrong."""
    if not _EVENT.fullmatch(request.event):
        raise UserError(words.wrong_event(request.event))
    if request.event.startswith("pull_request"):
        raise UserError(words.event_needs_forge(request.event))
    if request.event == SCHEDULE:
        raise UserError(words.event_of_schedules(request.event))
    if request.action is not None:
        check_folder("action", request.action)
    check_ref(request.ref)
    if request.sha is not None and not is_sha(request.sha):
        raise UserError(words.wrong_sha(request.sha))
    check_inputs(request.inputs)
    check_request_id(request.request_id)


def check_folder(field: str, name: str) -> None:
    if not _FOLDER.fullmatch(name):
        raise UserError(words.wrong_name(field, name))


def check_ref(ref: str | None) -> None:
    if ref is not None and (not 0 < len(ref) <= REF_CHARS_MAX or _NOT_IN_REFS.search(ref)):
        raise UserError(words.wrong_ref(ref))


def check_request_id(request_id: str) -> None:
    if not request_id or bounded(request_id, REQUEST_ID_CHARS_MAX) != request_id:
        raise UserError(words.wrong_request_id(REQUEST_ID_CHARS_MAX))


def full_names(ref: str) -> list[str]:
    """List what a person may have meant, the likeliest first."""
    return [ref] if ref.startswith("refs/") else [_BRANCH + ref, _TAG + ref]


def make_change(event: str, action: str | None, ref: str, sha: str, actor: str) -> Change:
    """Say what a run is about; an empty ref: a commit by itself."""
    tag = ref.removeprefix(_TAG) if ref.startswith(_TAG) else None
    return Change(
        # As with webhooks: a push of a tag is a tag.
        event="tag" if event == "push" and tag else event,
        action=action,
        sha=sha,
        ref=ref,
        branch=ref.removeprefix(_BRANCH) if ref.startswith(_BRANCH) else None,
        tag=tag,
        actor=actor,
    )
