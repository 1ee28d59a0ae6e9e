"""What libgit2's errors mean. It tells most of them apart by their text only, so the texts are all here."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import pygit2

from tisktask_runner.source import words
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

#: The forge does not serve this object or ref: another request may find the commit.
_UNSERVED = (
    "cannot fetch a specific object",
    "unexpected packet type",
    "not our ref",
    "no such remote ref",
    # libgit2's own transport for paths
    "target oid for the reference doesn't exist on the repository",
)
#: Our own copy is what fails: what the forge sent before is not there, or can not be read.
_FAULTS = ("object not found", "loose object", "packfile", "pack index", "odb", "corrupt", "shallow")


@dataclass(frozen=True)
class MirrorFault:
    """The mirror itself is what failed."""

    error: str


@dataclass(frozen=True)
class Unserved:
    """The forge answers, but not with this object."""


@dataclass(frozen=True)
class Retry:
    """A try that may go better the next time."""

    error: str


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
        case pygit2.GitError() | KeyError() | ValueError() | OSError():
            return _judge_text(str(error), full_name, url)
        case _:
            raise error


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
        return _judge_status(int(status.group(1)), full_name, url)
    if "certificate" in lower:
        return FetchFailed(words.tls_refused(urlsplit(url).hostname or ""))
    if url.startswith("/"):
        return RepositoryNotFound(words.no_local_repository(url))
    return Retry(text)


def _judge_status(status: int, full_name: str, url: str) -> NotFetched | Retry:
    if status in {404, 410}:
        return RepositoryNotFound(words.repository_not_found(full_name, url))
    if status in {401, 403}:
        return AccessDenied(words.token_refused(full_name))
    return Retry(f"HTTP status {status}")
