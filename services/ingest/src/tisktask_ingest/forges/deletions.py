"""Branches and tags that are gone."""

from tisktask_common.events import Change
from tisktask_common.git_names import Branch
from tisktask_common.pull_requests import Loose, Person, login
from tisktask_ingest import words
from tisktask_ingest.forges.payload import HEADS, TAGS, Home, default_branch, default_ref
from tisktask_ingest.outcome import Ignored, Outcome, Triggered

_FOLDERS = {"branch": HEADS, "tag": TAGS}


class Deletion(Loose):
    """A deletion; the ref's name is short, or (Forgejo's own kind of webhook) full."""

    ref: Branch
    ref_type: str
    sender: Person | None = None
    repository: Home | None = None


def read_deletion(body: bytes) -> Outcome:
    """Describe a deletion: what runs for it is what the default branch says."""
    deletion = Deletion.model_validate_json(body)
    folder = _FOLDERS.get(deletion.ref_type)
    if folder is None:
        return Ignored(words.OTHER_REF)
    name = deletion.ref.removeprefix(folder)
    return Triggered(
        Change(
            event="delete",
            action=deletion.ref_type,
            sha="",
            ref=f"{folder}{name}",
            fetch_ref=default_ref(deletion.repository),
            branch=name if folder == HEADS else None,
            tag=name if folder == TAGS else None,
            actor=login(deletion.sender),
            default_branch=default_branch(deletion.repository),
        )
    )
