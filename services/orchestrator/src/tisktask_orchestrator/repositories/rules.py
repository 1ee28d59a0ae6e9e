"""What a repository may look like. Pure: raises a UserError that names the field."""

import re
from urllib.parse import urlsplit

from tisktask_common.errors import UserError
from tisktask_common.repository_settings import (
    JOBS_MAX,
    KEEP_AS_SET,
    KEEP_DAYS_MAX,
    KEEP_RUNS_MAX,
    PRIORITY_MAX,
    ChangeRepository,
)
from tisktask_common.rpc import AddRepository
from tisktask_orchestrator import words

LOCAL = "local"
FORGES = ("github", "forgejo", "gitea", LOCAL)
FULL_NAME_CHARS_MAX = 200
URL_CHARS_MAX = 2000

_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_FULL_NAME = re.compile(rf"{_PART}/[A-Za-z0-9._-]+")


def check_repository(request: AddRepository, *, allows_local: bool) -> None:
    """Refuse what can not be a repository of its forge."""
    if request.forge not in FORGES:
        raise UserError(words.wrong_forge(request.forge[:50], FORGES))
    check_full_name(request.full_name)
    if request.forge == LOCAL:
        _check_path(request.clone_url, allows_local=allows_local)
    else:
        _check_url("clone_url", request.clone_url)
    if request.api_url:
        _check_url("api_url", request.api_url)


def check_full_name(full_name: str) -> None:
    """Refuse what no forge calls a repository."""
    if len(full_name) > FULL_NAME_CHARS_MAX:
        raise UserError(words.too_long("full_name", FULL_NAME_CHARS_MAX))
    if not _FULL_NAME.fullmatch(full_name) or full_name.rsplit("/", 1)[1] in {".", ".."}:
        raise UserError(words.wrong_full_name(full_name))


def check_settings(request: ChangeRepository) -> None:
    """Refuse settings that nothing can be done with."""
    if request.jobs_max is not None and not 0 <= request.jobs_max <= JOBS_MAX:
        raise UserError(words.out_of_range("jobs_max", 0, JOBS_MAX))
    if request.priority is not None and abs(request.priority) > PRIORITY_MAX:
        raise UserError(words.out_of_range("priority", -PRIORITY_MAX, PRIORITY_MAX))
    kept = {"keep_days": (request.keep_days, KEEP_DAYS_MAX), "keep_min": (request.keep_min, KEEP_RUNS_MAX)}
    for field, (value, most) in (kept | {"keep_max": (request.keep_max, KEEP_RUNS_MAX)}).items():
        if value is not None and not KEEP_AS_SET <= value <= most:
            raise UserError(words.out_of_range(field, KEEP_AS_SET, most))


def _check_path(path: str, *, allows_local: bool) -> None:
    if not allows_local:
        raise UserError(words.local_not_allowed())
    if not path.startswith("/") or not path.isprintable():
        raise UserError(words.path_not_absolute())
    if len(path) > URL_CHARS_MAX:
        raise UserError(words.too_long("clone_url", URL_CHARS_MAX))


def _check_url(field: str, url: str) -> None:
    if len(url) > URL_CHARS_MAX:
        raise UserError(words.too_long(field, URL_CHARS_MAX))
    try:
        parts = urlsplit(url)
        is_address = (
            parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        )
    except ValueError as error:
        raise UserError(words.wrong_url(field)) from error
    if not is_address or not url.isprintable() or " " in url or "\\" in url:
        raise UserError(words.wrong_url(field))
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise UserError(words.url_with_credentials(field))
