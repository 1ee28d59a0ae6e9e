"""What the words of git mean: its exit code says no more than that something went wrong."""

import re
from urllib.parse import urlsplit

from tisktask_runner.source import words
from tisktask_runner.source.outcomes import AccessDenied, FetchFailed, NotFetched, RepositoryNotFound
from tisktask_runner.source.verdicts import MirrorFault, Retry, Unserved

#: The forge does not serve this object: another request may find the commit.
_UNSERVED = ("not our ref", "couldn't find remote ref", "does not allow request for unadvertised object")
#: Our own copy is what fails. A lock that lies there was left by a process that was killed.
_FAULTS = (
    "not a git repository",
    ".lock': file exists",
    "bad config",
    "bad object",
    "could not parse",
    "unable to read",
    "corrupt",
    "loose object",
    "packfile",
    "pack index",
    "did not send all necessary objects",
    "does not point to a valid object",
    "shallow",
    "unknown repository extension",
)
#: What the network has cut off can look like damage.
_CUT_OFF = ("early eof", "rpc failed", "hung up", "unexpected disconnect", "could not read from remote")
_LOCAL = ("does not appear to be a git repository", "could not read from remote")
_REASON_CHARS_MAX = 300


class GitCommandError(Exception):
    """Git ended with an error; its message is what git said."""

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def judge_git(text: str, full_name: str, url: str) -> NotFetched | Unserved | Retry | MirrorFault:
    """Say what a failed transfer means."""
    lower = text.lower()
    if any(part in lower for part in _UNSERVED):
        return Unserved()
    if status := re.search(r"returned error: (\d+)", lower):
        return judge_status(int(status.group(1)), full_name, url)
    if refusal := _find_refusal(lower, full_name, url):
        return refusal
    if not any(part in lower for part in _CUT_OFF) and any(part in lower for part in _FAULTS):
        return MirrorFault(shorten(text))
    return Retry(shorten(text))


def _find_refusal(lower: str, full_name: str, url: str) -> NotFetched | None:
    if "mismatched algorithms" in lower:
        return FetchFailed(words.other_object_format(full_name))
    if "repository '" in lower and "' not found" in lower:
        return RepositoryNotFound(words.repository_not_found(full_name, url))
    if "certificate" in lower:
        return FetchFailed(words.tls_refused(urlsplit(url).hostname or ""))
    if url.startswith("/") and any(part in lower for part in _LOCAL):
        return RepositoryNotFound(words.no_local_repository(url))
    return None


def judge_status(status: int, full_name: str, url: str) -> NotFetched | Retry:
    """Say what the status of an answer to a transfer means."""
    if status in {404, 410}:
        return RepositoryNotFound(words.repository_not_found(full_name, url))
    if status in {401, 403}:
        return AccessDenied(words.token_refused(full_name))
    return Retry(f"HTTP status {status}")


def shorten(text: str) -> str:
    """Take the line that says why git gave up."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reasons = [line.partition(": ")[2] for line in lines if line.startswith(("fatal: ", "error: "))]
    return (reasons or lines or [""])[0][:_REASON_CHARS_MAX]
