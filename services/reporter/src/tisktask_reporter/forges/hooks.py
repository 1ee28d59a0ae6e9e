"""Webhooks of a repository at its forge: what they should be like, and the requests that make them so. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

from tisktask_reporter import words_for_setup as words
from tisktask_reporter.forges import forgejo, github
from tisktask_reporter.forges.request import Access, ForgeRequest, repository_path

#: Every event that a folder below .tisktask/ can be of, but `package`: few have such folders, and tick it themselves.
#: And the one that tells of new names.
_GITHUB_EVENTS = (
    "push",
    "pull_request",
    "pull_request_review",
    "issue_comment",
    "delete",
    "release",
    "repository",
)
#: `pull_request` asks for all that happens to pull requests, comments and reviews too.
_GITEA_EVENTS = ("push", "delete", "release", "pull_request")
#: What Forgejo and Gitea show of such a webhook; reviews have other names in other versions.
_GITEA_SHOWN = (
    "push",
    "delete",
    "release",
    "pull_request",
    "pull_request_sync",
    "pull_request_label",
    "pull_request_comment",
)
_PULL_EVENTS = "pull_request"
HOOKS_PER_PAGE = {"github": 100, "forgejo": 50, "gitea": 50}
#: GitHub allows 20 webhooks per event, an Enterprise Server 250.
HOOK_PAGES_MAX = 6
_PAGE_BYTES_MAX = 2 * 1024 * 1024
_JSON = "json"
_PATH = "/api/triggers/"


class _Loose(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Config(_Loose):
    url: str | None = None
    content_type: str | None = None
    insecure_ssl: str | int | None = None


class _LastResponse(_Loose):
    code: int | None = None
    status: str | None = None
    message: str | None = None


class ForgeHook(_Loose):
    """A webhook as the forge describes it."""

    id: int
    active: bool = False
    events: list[str] = Field(default_factory=list[str])
    config: _Config = _Config()
    url_at_top: str | None = Field(default=None, alias="url")
    branch_filter: str | None = None
    authorization_header: str | None = None
    last_response: _LastResponse | None = None

    @property
    def url(self) -> str:
        # At GitHub the field at the top is the address of the webhook's own resource.
        return self.config.url or self.url_at_top or ""

    @property
    def last_answer(self) -> str:
        """What came of its last delivery, in the forge's words; empty: the forge does not say."""
        last = self.last_response
        if last is None or last.status in {None, "unused"}:
            return ""
        parts = [str(last.code) if last.code else "", last.message or last.status or ""]
        return words.fit(" ".join(part for part in parts if part), 300)


_HOOKS = TypeAdapter(list[ForgeHook])


@dataclass(frozen=True)
class Wanted:
    """What our webhook is to be like."""

    url: str
    secret: SecretStr


def hook_url(base: str, forge: str) -> str:
    """Complete the address of ingest to that of one forge's webhooks.

    >>> hook_url("https://ci.example.org/", "gitea"), hook_url("https://ci.example.org/x/api/triggers/gitea", "gitea")
    ('https://ci.example.org/api/triggers/gitea', 'https://ci.example.org/x/api/triggers/gitea')
    """
    base = base.rstrip("/")
    return base if base.endswith(_PATH + forge) else f"{base}{_PATH}{forge}"


def hooks_page_request(access: Access, page: int) -> ForgeRequest:
    size = HOOKS_PER_PAGE.get(access.forge, 50)
    name = "per_page" if access.forge == "github" else "limit"
    return _get(access, f"/hooks?{name}={size}&page={page}")


def read_hooks(body: object) -> list[ForgeHook] | None:
    """Read a page of webhooks; None: it is no such page."""
    try:
        return _HOOKS.validate_python(body)
    except ValidationError:
        return None


def read_hook(body: object) -> ForgeHook | None:
    try:
        return ForgeHook.model_validate(body)
    except ValidationError:
        return None


def is_ours(hook: ForgeHook, url: str, hook_id: int | None) -> bool:
    """Tell our webhooks from others': by the number that the forge gave ours, or by where they lead."""
    return _place(hook.url) == _place(url) or (hook.id == hook_id and _PATH in hook.url)


def leads_here(hook: ForgeHook, forge: str, base: str) -> bool:
    """Tell whether a webhook leads to us; as long as nobody has said where that is, by the path alone."""
    if base:
        return _place(hook.url) == _place(hook_url(base, forge))
    return _place(hook.url)[2].endswith(_PATH + forge)


def faults_of(forge: str, hook: ForgeHook, url: str) -> list[str]:
    """Say what is wrong with a webhook."""
    found: list[str] = []
    if _place(hook.url) != _place(url):
        found.append(words.leads_elsewhere(hook.url))
    if not hook.active:
        found.append(words.HOOK_INACTIVE)
    if hook.config.content_type != _JSON:
        found.append(words.wrong_content_type(hook.config.content_type or ""))
    if str(hook.config.insecure_ssl or "0") != "0":
        found.append(words.TLS_NOT_CHECKED)
    if missing := missing_events(forge, hook.events):
        found.append(words.events_missing(missing))
    return found


def remarks_on(hook: ForgeHook) -> list[str]:
    """Say what may be meant so, and keeps deliveries back."""
    return [words.branch_filter(hook.branch_filter)] if (hook.branch_filter or "*") not in {"*", "**"} else []


def missing_events(forge: str, events: list[str]) -> list[str]:
    """List what a webhook does not tell of.

    >>> missing_events("github", ["*"]), missing_events("gitea", ["push", "delete", "release"])[:2]
    ([], ['pull_request', 'pull_request_sync'])
    """
    shown = set(events)
    if forge == "github":
        return [] if "*" in shown else [event for event in _GITHUB_EVENTS if event not in shown]
    missing = [event for event in _GITEA_SHOWN if event not in shown]
    has_reviews = any(event.startswith("pull_request_review") for event in shown)
    return missing if has_reviews else [*missing, "pull_request_review"]


def create_request(access: Access, wanted: Wanted, old: ForgeHook | None, *, is_active: bool) -> ForgeRequest:
    """Make a webhook; what somebody has added to the old one is kept."""
    config = _config(wanted, access.forge)
    body: dict[str, Any] = {"active": is_active, "events": _events(access.forge, old), "config": config}
    if access.forge == "github":
        asked = _write(access, "POST", "/hooks", body | {"name": "web"})
    else:
        asked = _write(access, "POST", "/hooks", body | {"type": access.forge} | _kept(old))
    return replace(asked, secret=wanted.secret)


def change_request(access: Access, wanted: Wanted, hook: ForgeHook) -> ForgeRequest:
    """Make a webhook of GitHub's right. The secret goes along, or GitHub takes it away."""
    body = {"active": True, "events": _events(access.forge, hook), "config": _config(wanted, access.forge)}
    return replace(_write(access, "PATCH", f"/hooks/{hook.id}", body), secret=wanted.secret)


def activate_request(access: Access, hook_id: int, old: ForgeHook | None) -> ForgeRequest:
    """Switch a webhook of Forgejo or Gitea on. What is left out of the request is reset."""
    body = {"active": True, "events": _events(access.forge, old)} | _kept(old)
    return _write(access, "PATCH", f"/hooks/{hook_id}", body)


def delete_request(access: Access, hook_id: int) -> ForgeRequest:
    make = github.delete_request if access.forge == "github" else forgejo.delete_request
    return _tolerant(make(access, f"{repository_path(access.full_name)}/hooks/{hook_id}"), 404)


def trial_request(access: Access, hook_id: int) -> ForgeRequest:
    """Ask for a test delivery: GitHub's `tests` would be the last push once more, a ping is none."""
    path = f"{repository_path(access.full_name)}/hooks/{hook_id}"
    if access.forge == "github":
        return _tolerant(github.post_request(access, f"{path}/pings", None, 204), 404)
    return _tolerant(forgejo.post_request(access, f"{path}/tests", None, 204), 404)


def impossible_request(access: Access) -> ForgeRequest:
    """Ask for a webhook that no forge makes: who may make one is told what is wrong with it (422)."""
    config = {"url": "", "content_type": "none"}
    body: dict[str, Any] = {"active": False, "events": [], "config": config}
    kind = {"name": "web"} if access.forge == "github" else {"type": access.forge}
    return _write(access, "POST", "/hooks", body | kind)


def _events(forge: str, old: ForgeHook | None) -> list[str]:
    own = _GITHUB_EVENTS if forge == "github" else _GITEA_EVENTS
    if old and "*" in old.events:
        return ["*"]
    # Of Forgejo's and Gitea's the umbrella covers all those that are shown one by one.
    more = [event for event in (old.events if old else []) if event not in own]
    return [*own, *(event for event in more if forge == "github" or not event.startswith(_PULL_EVENTS))]


def _kept(old: ForgeHook | None) -> dict[str, str]:
    kept = {"branch_filter": (old.branch_filter if old else None) or "*"}
    if old and old.authorization_header:
        kept["authorization_header"] = old.authorization_header
    return kept


def _config(wanted: Wanted, forge: str) -> dict[str, str]:
    config = {"url": wanted.url, "content_type": _JSON, "secret": wanted.secret.get_secret_value()}
    return config | {"insecure_ssl": "0"} if forge == "github" else config


def _place(url: str) -> tuple[str, str, str]:
    """What two spellings of one address have in common."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        # Somebody else's webhook may lead nowhere.
        return "", "", url
    return parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/")


def _get(access: Access, path: str) -> ForgeRequest:
    make = github.get_request if access.forge == "github" else forgejo.get_request
    return _tolerant(make(access, repository_path(access.full_name) + path))


def _write(access: Access, method: str, path: str, body: Mapping[str, Any]) -> ForgeRequest:
    whole = repository_path(access.full_name) + path
    module = github if access.forge == "github" else forgejo
    make = module.post_request if method == "POST" else module.patch_request
    return _tolerant(make(access, whole, body), 400, 403, 404, 422)


def _tolerant(request: ForgeRequest, *statuses: int) -> ForgeRequest:
    return replace(request, also_expected=frozenset(statuses), answer_bytes_max=_PAGE_BYTES_MAX)
