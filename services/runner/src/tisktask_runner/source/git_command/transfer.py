"""One transfer by git: the token goes to the host that it is for, and limits of time and size are kept."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from tisktask_runner.source.git_command.errors import GitCommandError
from tisktask_runner.source.git_command.process import GitOrder, run_git
from tisktask_runner.source.transfer import (
    TOKEN_USER,
    MovedElsewhereError,
    TokenMissingError,
    TokenRefusedError,
    TooLargeError,
    TransferBudget,
    origin_of,
)

_REDIRECTING = re.compile(rb"^warning: redirecting to (\S+)$", re.MULTILINE)
#: Our credential helper's word.
_ASKED_BY = re.compile(r"^tisktask: asked for a password by (\S+)$", re.MULTILINE)
_TOO_LARGE, _TOKEN_MISSING, _TOKEN_REFUSED = "file too large", "could not read username", "authentication failed"


@dataclass(frozen=True)
class Transfer:
    """What is asked of the forge."""

    url: str
    token: SecretStr | None
    arguments: tuple[str, ...]
    git_dir: Path | None = None


def run_transfer(wanted: Transfer, budget: TransferBudget) -> str:
    """Speak to the forge and return what git printed; raises what ends a transfer."""
    budget.check()
    order = GitOrder(
        wanted.arguments, wanted.git_dir, more=_environment(wanted), file_bytes_max=budget.limits.bytes_max
    )

    def watch(said: bytes) -> None:
        budget.check()
        for found in _REDIRECTING.finditer(said):
            _check_redirect(wanted.url, found[1].decode(errors="replace"))

    try:
        return run_git(order, watch).decode("utf-8", "surrogateescape")
    except GitCommandError as error:
        if told := _told_apart(str(error)):
            raise told from error
        raise


def _environment(wanted: Transfer) -> dict[str, str]:
    parts = urlsplit(wanted.url)
    more = {"GIT_ALLOW_PROTOCOL": parts.scheme or "file"}
    if wanted.token is not None and parts.scheme:
        more |= {
            "TISKTASK_GIT_ORIGIN": f"{parts.scheme}://{parts.netloc}",
            "TISKTASK_GIT_USER": TOKEN_USER,
            "TISKTASK_GIT_TOKEN": wanted.token.get_secret_value(),
        }
    return more


def _check_redirect(url: str, target: str) -> None:
    if origin_of(target) != origin_of(url):
        raise MovedElsewhereError(urlsplit(target).hostname or "")


def _told_apart(text: str) -> Exception | None:
    lower = text.lower()
    if asked := _ASKED_BY.search(text):
        return MovedElsewhereError(asked[1])
    if _TOKEN_MISSING in lower:
        return TokenMissingError()
    if _TOKEN_REFUSED in lower:
        return TokenRefusedError()
    if _TOO_LARGE in lower:
        return TooLargeError()
    return None
