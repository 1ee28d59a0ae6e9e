"""What a forge knows: repositories and their former names, commits, tokens, statuses. No rules, no HTTP."""

import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any


class Flavour(StrEnum):
    GITHUB = "github"
    FORGEJO = "forgejo"
    GITEA = "gitea"


#: What a new model says it is.
VERSIONS = {Flavour.GITHUB: "2022-11-28", Flavour.FORGEJO: "16.0.0+gitea-1.22.0", Flavour.GITEA: "1.26.3"}


class Rights(IntEnum):
    """What a token's owner may do in a repository."""

    NONE = 0
    READ = 1
    WRITE = 2
    ADMIN = 3


@dataclass(frozen=True)
class Token:
    value: str
    login: str
    rights: Rights
    #: Whether the token itself has the scope to set statuses.
    has_scope: bool
    #: Of an App's token: what it may do, and in which repositories; None: all that its App may.
    permissions: dict[str, str] | None = None
    repositories: tuple[str, ...] | None = None
    is_app: bool = False
    #: Seconds since 1970; 0: it does not expire.
    expires_at: float = 0
    #: GitHub: it has the right to see webhooks, which few tokens need.
    may_see_hooks: bool = True
    #: GitHub: rights that a fine-grained token has or not.
    may_write_hooks: bool = True
    may_read_code: bool = True
    #: GitHub: the scopes of a classic token; None: it is a fine-grained one.
    scopes: str | None = None


@dataclass
class Pull:
    """A pull request."""

    number: int
    sha: str
    base_sha: str
    head_ref: str = "feature"
    base_ref: str = "main"
    title: str = "Change something"
    author: str = "ada"
    labels: list[str] = field(default_factory=list)
    is_open: bool = True
    is_draft: bool = False
    #: Repository of the head, if it is another one; 0: it is gone.
    fork_id: int | None = None
    is_agit: bool = False


@dataclass(frozen=True)
class HookDelivery:
    """One try to deliver a webhook; tries of the same event share the GUID."""

    id: int
    guid: str
    delivered_at: datetime
    status_code: int = 0
    event: str = "push"
    is_redelivery: bool = False


@dataclass
class Hook:
    """A webhook of a repository, and what was delivered, the oldest first."""

    id: int
    url: str
    is_active: bool = True
    deliveries: list[HookDelivery] = field(default_factory=list)
    #: What the forge was asked to deliver again.
    asked_again: list[HookDelivery] = field(default_factory=list)
    #: What it is like, and what came of the last delivery: a status (or none) and what is said of it.
    secret: str = ""
    content_type: str = "json"
    insecure_ssl: str = "0"
    events: list[str] = field(default_factory=lambda: ["push", "pull_request"])
    branch_filter: str = ""
    authorization_header: str = ""
    kind: str = ""
    last_answer: tuple[int | None, str] | None = None


@dataclass(frozen=True)
class Status:
    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: str
    created_at: datetime


@dataclass
class Repository:
    id: int
    full_name: str
    former_names: list[str] = field(default_factory=list)
    commits: set[str] = field(default_factory=set)
    statuses: list[Status] = field(default_factory=list)
    #: GitHub's check runs (`checks.CheckRun`).
    checks: list[Any] = field(default_factory=list)
    #: Comments on pull requests (`comments.Comment`).
    comments: list[Any] = field(default_factory=list)
    is_private: bool = False
    is_archived: bool = False
    pulls: list[Pull] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    #: Roles of people by login: admin, maintain, write, triage or read; Forgejo and Gitea: owner, admin, write, read.
    people: dict[str, str] = field(default_factory=dict)

    def pull(self, number: int) -> Pull:
        return next(one for one in self.pulls if one.number == number)

    #: Logins that do not see it in their list, and those that are no administrators of it.
    hidden_from: set[str] = field(default_factory=set)
    not_administered_by: set[str] = field(default_factory=set)
    owner_is_organisation: bool = False

    def find_commit(self, prefix: str) -> str | None:
        found = [sha for sha in self.commits if sha.startswith(prefix)]
        return found[0] if len(found) == 1 and len(prefix) >= 7 else None


@dataclass
class AppAccount:
    """A GitHub App, the public key that it is known by, and the owners that have it installed."""

    id: str
    public_key: str
    owners: dict[str, int]
    permissions: dict[str, str] = field(
        default_factory=lambda: {
            "checks": "write",
            "contents": "read",
            "metadata": "read",
            "pull_requests": "write",
            "statuses": "write",
        }
    )


@dataclass
class ForgeState:
    flavour: Flavour
    version: str
    repositories: list[Repository] = field(default_factory=list)
    tokens: dict[str, Token] = field(default_factory=dict)
    apps: dict[str, "AppAccount"] = field(default_factory=dict)
    clock: Callable[[], float] = time.time
    #: Logins of those who have an account; who has a role, a token or a pull request has one, too.
    users: set[str] = field(default_factory=set)
    #: Deliveries on their way (`hooks.Outgoing`), and hosts that they may go to; None: any.
    outgoing: list[Any] = field(default_factory=list)
    allowed_hosts: set[str] | None = None
    #: GitHub: webhooks to private addresses are not even made.
    refuses_private: bool = False
    #: Nothing is told to those who do not say who they are.
    requires_sign_in: bool = False
    #: Where it is on its host: /git
    sub_path: str = ""
    _ids: itertools.count = field(default_factory=lambda: itertools.count(1))

    def add_repository(self, full_name: str, commits: list[str] | None = None) -> Repository:
        repository = Repository(next(self._ids), full_name, commits=set(commits or []))
        self.repositories.append(repository)
        return repository

    def add_token(self, login: str, rights: Rights = Rights.WRITE, *, has_scope: bool = True, **fields: Any) -> Token:
        start = "ghp_" if self.flavour is Flavour.GITHUB else ""
        token = Token(start + secrets.token_hex(20), login, rights, has_scope, **fields)
        self.tokens[token.value] = token
        return token

    def next_id(self) -> int:
        return next(self._ids)

    def add_app(self, app_id: str, public_key: str, owner: str = "me") -> AppAccount:
        app = self.apps[app_id] = AppAccount(app_id, public_key, {owner: next(self._ids)})
        return app

    def let(self, full_name: str, login: str, role: str | None) -> None:
        """Give somebody a role in a repository; None takes it away."""
        people = self.repository(full_name).people
        self.users.add(login)
        if role is None:
            people.pop(login, None)
        else:
            people[login] = role

    def find_user(self, login: str) -> str | None:
        """Find somebody's name as they write it; names do not depend on case."""
        known = self.users | {token.login for token in self.tokens.values()}
        known |= {pull.author for repository in self.repositories for pull in repository.pulls}
        return next((one for one in known if one.lower() == login.lower()), None)

    def revoke_token(self, token: Token) -> None:
        del self.tokens[token.value]

    def rename(self, full_name: str, new_name: str) -> None:
        repository = self.repository(full_name)
        repository.former_names.append(full_name)
        repository.full_name = new_name

    def remove(self, full_name: str) -> None:
        self.repositories.remove(self.repository(full_name))

    def repository(self, full_name: str) -> Repository:
        return next(one for one in self.repositories if one.full_name == full_name)

    def find_repository(self, full_name: str) -> Repository | None:
        """Find by the name of today or a former one; names do not depend on case."""
        name = full_name.lower()
        for one in self.repositories:
            if one.full_name.lower() == name:
                return one
        for one in self.repositories:
            if name in map(str.lower, one.former_names):
                return one
        return None

    def add_status(self, repository: Repository, sha: str, login: str, fields: dict[str, str | None]) -> Status:
        status = Status(
            id=next(self._ids),
            sha=sha,
            state=fields.get("state") or "",
            context=fields.get("context") or ("default" if self.flavour is Flavour.GITHUB else ""),
            description=fields.get("description"),
            target_url=fields.get("target_url"),
            creator=login,
            created_at=datetime.now(UTC),
        )
        repository.statuses.append(status)
        return status

    def same_context(self, one: str, other: str) -> bool:
        return one.lower() == other.lower() if self.flavour is Flavour.GITHUB else one == other

    def shown(self, full_name: str, sha: str) -> dict[str, Status]:
        """What people see at a commit: the newest status of each context."""
        statuses = [one for one in self.repository(full_name).statuses if one.sha == sha]
        return {one.context: one for one in statuses}

    def states(self, full_name: str, sha: str, context: str) -> list[str]:
        """All states that a context has had, oldest first."""
        statuses = self.repository(full_name).statuses
        return [one.state for one in statuses if one.sha == sha and self.same_context(one.context, context)]
