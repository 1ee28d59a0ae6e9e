"""Commits, refs and texts as outsiders send them: checked and bounded before anything else sees them."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator

TITLE_LENGTH_MAX = 200
LOGIN_LENGTH_MAX = 100
#: The orchestrator takes no longer names; what is accepted here must not be refused there.
REF_LENGTH_MAX = 512
#: What fits the narrowest integer on its way.
NUMBER_MAX = 2**31 - 1

_BAD_SHA = "it must have 40 or 64 hexadecimal digits"
_BAD_REF = "it must be a full ref name such as refs/heads/main"
_BAD_BRANCH = "it must be a branch name that git allows"
_BAD_DISPATCH_NAME = "it names a folder: it may have letters, digits, -, _ and single dots only, 100 at most"
_BAD_NAME = "it may have lower-case letters, digits and underscores only, 50 at most"

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
#: What `git check-ref-format` refuses, as far as it could mislead a program that is given the name; and a branch or tag
#: that looks like an option, which only git's plumbing makes.
_NOT_IN_REFS = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^/|/$|^(?:refs/(?:heads|tags)/)?-|\.$")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
#: What programs may call events: more than forges do, and still one folder name.
_DISPATCH_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]|\.(?!\.)){0,99}")
#: Besides control characters: line separators, and what turns the direction of the text around.
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def is_zero(sha: str) -> bool:
    """Tell whether it stands for "no commit": 40 zeros, or 64 where SHA-256 is used."""
    return set(sha) == {"0"}


def one_line(text: str | None, length_max: int) -> str:
    """Take the first line of a text without what can not be seen, cut to a length."""
    lines = (text or "").strip().splitlines()
    visible = "".join(char for char in (lines or [""])[0] if unicodedata.category(char) not in _INVISIBLE)
    return visible.strip()[:length_max]


def _check_sha(text: str) -> str:
    if not is_sha(text):
        raise ValueError(_BAD_SHA)
    return text


def _check_ref(text: str) -> str:
    if not text.startswith("refs/") or not is_ref_like(text):
        raise ValueError(_BAD_REF)
    return text


def _check_branch(text: str) -> str:
    if not is_ref_like(text):
        raise ValueError(_BAD_BRANCH)
    return text


def _check_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(_BAD_NAME)
    return text


def _check_dispatch_name(text: str) -> str:
    if not is_folder_name(text):
        raise ValueError(_BAD_DISPATCH_NAME)
    return text


def is_folder_name(text: str) -> bool:
    return _DISPATCH_NAME.fullmatch(text) is not None


def is_sha(text: str) -> bool:
    """Tell whether it is a whole id of a commit, in either of git's object formats."""
    return _SHA.fullmatch(text) is not None


def sha_or_none(text: str | None) -> str | None:
    """Take a commit where one is told by the way; what is none is as if it had not been told."""
    return text if text and is_sha(text) and not is_zero(text) else None


def is_ref_like(text: str) -> bool:
    return 0 < len(text) <= REF_LENGTH_MAX and not _NOT_IN_REFS.search(text)


Sha = Annotated[str, AfterValidator(_check_sha)]
#: A full name: refs/heads/main.
Ref = Annotated[str, AfterValidator(_check_ref)]
#: A short name, or (Forgejo and Gitea, for a branch that is gone) refs/pull/1/head.
Branch = Annotated[str, AfterValidator(_check_branch)]
#: The name of an event or an action; it becomes the name of a folder.
FolderName = Annotated[str, AfterValidator(_check_name)]
#: The name that a program or a file gives; it becomes the name of a folder, too.
DispatchName = Annotated[str, AfterValidator(_check_dispatch_name)]
