"""The repositories that a token sees at its forge, and what kind of forge answers at an address. Pure."""

from dataclasses import replace
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr, TypeAdapter, ValidationError

from tisktask_common.setup_requests import Administrable
from tisktask_reporter.forges import forgejo, github
from tisktask_reporter.forges.request import Access, Answer, ForgeRequest

_PER_PAGE = {"github": 100, "forgejo": 50, "gitea": 50}
_PAGE_BYTES_MAX = 8 * 1024 * 1024
_TOLD = frozenset({401, 403, 404})
_GITHUB_HEADERS = ("x-github-enterprise-version", "x-github-request-id", "x-github-media-type")


class _Loose(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Owner(_Loose):
    login: str = ""


class _Permissions(_Loose):
    admin: bool = False


class _Listed(_Loose):
    full_name: str
    clone_url: str
    archived: bool = False
    owner: _Owner = _Owner()
    permissions: _Permissions | None = None
    empty: bool | None = None
    size: int | None = None


_LIST = TypeAdapter(list[_Listed])


def list_request(access: Access, page: int) -> ForgeRequest:
    """Ask for a page of what the token's owner has, also by way of organisations."""
    size = _PER_PAGE.get(access.forge, 50)
    if access.forge == "github":
        asked = github.get_request(access, f"/user/repos?per_page={size}&page={page}&sort=full_name")
    else:
        asked = forgejo.get_request(access, f"/user/repos?limit={size}&page={page}")
    return replace(asked, answer_bytes_max=_PAGE_BYTES_MAX)


def read_list(body: object, owner: str) -> list[Administrable] | None:
    """Read a page: those of one owner. None: it is no such page."""
    try:
        listed = _LIST.validate_python(body)
    except ValidationError:
        return None
    return [
        Administrable(
            full_name=one.full_name,
            clone_url=one.clone_url,
            is_archived=one.archived,
            may_administer=one.permissions is not None and one.permissions.admin,
            is_empty=one.size == 0 if one.empty is None else one.empty,
        )
        for one in listed
        if (one.owner.login or one.full_name.partition("/")[0]).casefold() == owner.casefold()
    ]


def forge_by_host(root_url: str) -> tuple[str, str] | None:
    """Name the forge and the API of hosts whose API is elsewhere.

    >>> forge_by_host("https://github.com"), forge_by_host("https://acme.ghe.com"), forge_by_host("https://git.example")
    (('github', 'https://api.github.com'), ('github', 'https://api.acme.ghe.com'), None)
    """
    host = (urlsplit(root_url).hostname or "").lower()
    if host in {"github.com", "www.github.com"}:
        return "github", "https://api.github.com"
    return ("github", f"https://api.{host}") if host.endswith(".ghe.com") else None


def gitea_access(root_url: str, token: SecretStr) -> Access:
    return Access("gitea", root_url.rstrip("/") + "/api/v1", "", token)


def enterprise_access(root_url: str, token: SecretStr) -> Access:
    return Access("github", root_url.rstrip("/") + "/api/v3", "", token)


def version_request(access: Access) -> ForgeRequest:
    return replace(forgejo.version_request(access), also_expected=_TOLD)


def own_version_request(access: Access) -> ForgeRequest:
    """Ask at the address that only Forgejo has."""
    url = access.api_url.removesuffix("/api/v1") + "/api/forgejo/v1/version"
    return replace(version_request(access), url=url)


def meta_request(access: Access) -> ForgeRequest:
    return replace(github.get_request(access, "/meta"), also_expected=_TOLD)


def is_enterprise(answer: Answer) -> bool:
    """Tell GitHub Enterprise Server: it says so, also to those whom it tells nothing else."""
    return answer.field("installed_version", str) is not None or any(name in answer.headers for name in _GITHUB_HEADERS)
