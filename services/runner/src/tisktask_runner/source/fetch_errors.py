"""What errors of transfers mean. libgit2 tells most of its own apart by their text only, so the texts are all here."""

import re
from urllib.parse import urlsplit

import pygit2

from tisktask_runner.source import words
from tisktask_runner.source.git_command.errors import GitCommandError, judge_git, judge_status
from tisktask_runner.source.outcomes import AccessDenied, FetchFailed, NotFetched, RepositoryNotFound
from tisktask_runner.source.transfer import (
    MovedElsewhereError,
    TokenMissingError,
    TokenRefusedError,
    TooLargeError,
    TooSlowError,
    TransferLimits,
    TransferStoppedError,
)
from tisktask_runner.source.verdicts import MirrorFault, Retry, Unserved

#: The forge does not serve this object or ref: another request may find the commit.
_UNSERVED = (
    "cannot fetch a specific object",
    "unexpected packet type",
    "not our ref",
    "no such remote ref",
    # libgit2's own transport for paths
    "target oid for the reference doesn't exist on the repository",
)
#: It knows SHA-1 alone.
_OTHER_FORMAT = "object format 'sha256'"
#: Our own copy is what fails: what the forge sent before is not there, or can not be read.
_FAULTS = ("object not found", "loose object", "packfile", "pack index", "odb", "corrupt", "shallow")


def judge(
    error: Exception, full_name: str, url: str, limits: TransferLimits
) -> NotFetched | Unserved | Retry | MirrorFault:
    """Say what an error of a transfer means; raises it again if it is none of a transfer."""
    match error:
        case TransferStoppedError():
            return FetchFailed(_stop_reason(error, full_name, limits))
        case TokenMissingError():
            return AccessDenied(words.token_missing(full_name))
        case TokenRefusedError():
            return AccessDenied(words.token_refused(full_name))
        case MovedElsewhereError():
            return FetchFailed(words.moved_elsewhere(full_name, error.host))
        case GitCommandError():
            return judge_git(str(error), full_name, url)
        case pygit2.GitError() | KeyError() | ValueError() | OSError():
            return _judge_text(str(error), full_name, url)
        case _:
            raise error


def is_other_format(error: Exception) -> bool:
    """Tell whether libgit2 has met a repository in a format that git alone knows."""
    return isinstance(error, pygit2.GitError) and _OTHER_FORMAT in str(error).lower()


def _stop_reason(error: TransferStoppedError, full_name: str, limits: TransferLimits) -> str:
    match error:
        case TooSlowError():
            return words.fetch_too_slow(full_name, limits.seconds)
        case TooLargeError():
            return words.fetch_too_large(full_name, limits.bytes_max)
        case _:
            return words.fetch_stopped(full_name)


def _judge_text(text: str, full_name: str, url: str) -> NotFetched | Unserved | Retry | MirrorFault:
    lower = text.lower()
    if any(part in lower for part in _UNSERVED):
        return Unserved()
    if any(part in lower for part in _FAULTS):
        return MirrorFault(text)
    if status := re.search(r"http status code: (\d+)", lower):
        return judge_status(int(status.group(1)), full_name, url)
    if _OTHER_FORMAT in lower:
        return FetchFailed(words.other_object_format(full_name))
    if "certificate" in lower:
        return FetchFailed(words.tls_refused(urlsplit(url).hostname or ""))
    return RepositoryNotFound(words.no_local_repository(url)) if url.startswith("/") else Retry(text)
