"""What it takes to add a repository: its secrets, read or made, and the request."""

import secrets
import sys
from pathlib import Path
from typing import Any

from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.forge_addresses import ForgeRepository

_SECRET_BYTES_MAX = 4096


def new_repository(found: ForgeRepository, token: str | None, secret: str | None) -> dict[str, Any]:
    given = {"token": token, "webhook_secret": secret}
    return {
        "forge": found.forge,
        "full_name": found.full_name,
        "clone_url": found.clone_url,
        "api_url": found.api_url,
    } | {field: value for field, value in given.items() if value is not None}


def read_secret(file: Path | None) -> str | None:
    """Read a secret from a file: arguments are visible to every user of the machine, files are not."""
    if file is None:
        return None
    text = (sys.stdin.read(_SECRET_BYTES_MAX + 1) if str(file) == "-" else file.read_text()).strip()
    if not text:
        raise CommandError(f"{file} is empty", Exit.USAGE)
    if len(text) > _SECRET_BYTES_MAX or not text.isprintable():
        raise CommandError(f"{file} does not hold a single secret: one line, {_SECRET_BYTES_MAX} characters at most")
    return text


def new_secret() -> str:
    return secrets.token_urlsafe(32)
