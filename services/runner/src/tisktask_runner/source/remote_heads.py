"""Reads which commits the branches and tags of a repository stand at, without fetching anything."""

import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

import pygit2
from pydantic import SecretStr

from tisktask_runner.source import words
from tisktask_runner.source.address import unusable_address
from tisktask_runner.source.fetch_errors import is_other_format, judge
from tisktask_runner.source.git_command.heads import list_heads_by_git
from tisktask_runner.source.git_command.process import is_installed
from tisktask_runner.source.reading import ListedRef, Source
from tisktask_runner.source.transfer import GuardedCallbacks, TransferBudget, TransferLimits, set_socket_limits
from tisktask_runner.source.verdicts import MirrorFault, Retry, Unserved

_REF_CHARS_MAX = 512
#: Branches and tags, but for names that are no UTF-8 text or could mislead a program: as in webhooks.
_REF = re.compile(r"refs/(heads|tags)/[^\x00-\x20\x7f~^:?*\[\\\ud800-\udfff]+")
#: Besides an annotated tag the server names what the tag names.
_PEELED = "^{}"


@dataclass(frozen=True)
class Remote:
    """A repository at its forge, or in a folder of this host."""

    full_name: str
    clone_url: str
    token: SecretStr | None
    #: Refs that are asked for by their names, besides branches and tags.
    also: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RemoteHeads:
    """Branches and tags with their commits, in the order of their names."""

    heads: dict[str, str]
    #: What HEAD names; None: the repository is empty.
    default_ref: str | None


@dataclass(frozen=True)
class NotSeen:
    """Why they could not be read."""

    reason: str


def read_remote_heads(remote: Remote, refs_max: int, seconds_max: float) -> RemoteHeads | NotSeen:
    """Ask once. It blocks: at worst as long as the server keeps on sending a little."""
    if refusal := unusable_address(remote.clone_url):
        return NotSeen(refusal)
    set_socket_limits()
    limits = TransferLimits(seconds=seconds_max)
    budget = TransferBudget(limits, time.monotonic() + seconds_max, threading.Event())
    try:
        listed = _list(remote, budget)
    except Exception as error:  # noqa: BLE001 - callbacks raise through libgit2; judge() re-raises what it does not know
        return NotSeen(_reason(error, remote, limits))
    return _choose(listed, remote, refs_max)


def _list(remote: Remote, budget: TransferBudget) -> Iterable[ListedRef]:
    """Ask by libgit2; it says so when the repository is in the format that git alone knows."""
    try:
        found = pygit2.Repository().remotes.create_anonymous(remote.clone_url)
        listed = found.list_heads(
            callbacks=GuardedCallbacks(remote.clone_url, remote.token, budget),
            proxy=True if remote.clone_url.startswith("http") else None,
        )
    except pygit2.GitError as error:
        if not (is_other_format(error) and is_installed()):
            raise
        return list_heads_by_git(Source(remote.clone_url, remote.token), budget)
    return (ListedRef(head.name or "", str(head.oid), head.symref_target) for head in listed)


def _reason(error: Exception, remote: Remote, limits: TransferLimits) -> str:
    if is_other_format(error):
        return words.git_missing()
    match judge(error, remote.full_name, remote.clone_url, limits):
        case Unserved():
            return words.look_failed(remote.full_name, str(error))
        case Retry(text) | MirrorFault(text):
            return words.look_failed(remote.full_name, text)
        case verdict:
            return verdict.reason


def _choose(listed: Iterable[ListedRef], remote: Remote, refs_max: int) -> RemoteHeads | NotSeen:
    heads: dict[str, str] = {}
    default_ref = None
    for head in listed:
        if head.name == "HEAD":
            default_ref = head.symref_target
        ref = head.name.removesuffix(_PEELED)
        if len(ref) <= _REF_CHARS_MAX and (_REF.fullmatch(ref) or ref in remote.also):
            # What an annotated tag names comes after the tag itself.
            heads[ref] = head.sha
    if len(heads) > refs_max:
        return NotSeen(words.too_many_refs(remote.full_name, len(heads), refs_max))
    if default_ref is not None and default_ref not in heads:
        default_ref = None
    return RemoteHeads({ref: heads[ref] for ref in sorted(heads)}, default_ref)
