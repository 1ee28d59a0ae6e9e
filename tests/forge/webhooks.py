"""Builds and sends webhook deliveries as each forge does: its headers, its signatures, its push payloads.

Payloads are small ones of our own with the fields that the forges really send.
"""

import hashlib
import hmac
import json
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from forge.state import Flavour, Repository

ZERO = "0" * 40
EPOCH = "2026-01-01T00:00:00Z"


@dataclass(frozen=True)
class Push:
    """One push to a branch or tag. A zero `before` makes the ref, a zero `after` deletes it."""

    sha: str
    before: str = ZERO
    ref: str = "refs/heads/main"
    message: str = "Change something"
    actor: str = "ada"
    #: Of an annotated tag: the tag object, `sha` is the commit then.
    tag_object: str | None = None
    paths: tuple[str, ...] = ("README.md",)

    @property
    def after(self) -> str:
        return self.tag_object or self.sha

    @property
    def is_deletion(self) -> bool:
        return set(self.sha) == {"0"}


def push_payload(flavour: Flavour, repository: Repository, push: Push, clone_url: str) -> dict[str, Any]:
    if flavour is Flavour.GITHUB:
        return _github_push(flavour, repository, push, clone_url)
    return _gitea_push(flavour, repository, push, clone_url)


def _github_push(flavour: Flavour, repository: Repository, push: Push, clone_url: str) -> dict[str, Any]:
    commit = None if push.is_deletion else _commit(repository, push, {"username": push.actor})
    is_tag = push.ref.startswith("refs/tags/")
    return {
        "ref": push.ref,
        "before": push.before,
        "after": push.after,
        "base_ref": None,
        "created": set(push.before) == {"0"},
        "deleted": push.is_deletion,
        "forced": False,
        "compare": f"https://github.example/{repository.full_name}/compare",
        "commits": [commit] if commit and not is_tag else [],
        "head_commit": commit,
        "pusher": {"name": push.actor, "email": f"{push.actor}@example.com"},
        "repository": {
            **_repository(flavour, repository, clone_url),
            # Numbers in push events alone.
            "created_at": 1767225600,
            "pushed_at": 1767225600,
            "url": f"https://github.example/{repository.full_name}",
        },
        "sender": {"login": push.actor, "id": 7, "type": "User", "site_admin": False},
    }


def _gitea_push(flavour: Flavour, repository: Repository, push: Push, clone_url: str) -> dict[str, Any]:
    commit = None if push.is_deletion else _commit(repository, push, {"username": push.actor})
    is_tag = push.ref.startswith("refs/tags/")
    user = {
        "id": 7,
        "login": push.actor,
        "login_name": "",
        "full_name": "",
        "email": f"{push.actor}@noreply.example.com",
        "username": push.actor,
    }
    commits = [commit] if commit and not is_tag else []
    return {
        "ref": push.ref,
        "before": push.before,
        "after": push.after,
        "compare_url": f"https://{flavour}.example/{repository.full_name}/compare",
        "commits": commits,
        "total_commits": len(commits),
        "head_commit": commit,
        "repository": {
            **_repository(flavour, repository, clone_url),
            "object_format_name": "sha1",
            "created_at": EPOCH,
            "url": f"https://{flavour}.example/api/v1/repos/{repository.full_name}",
        },
        "pusher": user,
        "sender": user,
    }


def _commit(repository: Repository, push: Push, author: dict[str, str]) -> dict[str, Any]:
    person = {"name": push.actor, "email": f"{push.actor}@example.com", **author}
    return {
        "id": push.sha,
        "message": push.message,
        "timestamp": EPOCH,
        "url": f"https://forge.example/{repository.full_name}/commit/{push.sha}",
        "author": person,
        "committer": person,
        "added": [],
        "removed": [],
        "modified": list(push.paths),
    }


def _repository(flavour: Flavour, repository: Repository, clone_url: str) -> dict[str, Any]:
    owner, _, name = repository.full_name.partition("/")
    return {
        "id": repository.id,
        "name": name,
        "full_name": repository.full_name,
        "owner": {"id": 3, "login": owner, "name" if flavour is Flavour.GITHUB else "username": owner},
        "private": repository.is_private,
        "fork": False,
        "html_url": f"https://forge.example/{repository.full_name}",
        "clone_url": clone_url,
        "ssh_url": f"git@forge.example:{repository.full_name}.git",
        "default_branch": "main",
    }


def delivery_headers(flavour: Flavour, event: str, delivery: str, secret: str, body: bytes) -> dict[str, str]:
    """All headers that the forge sends with a JSON delivery."""
    sha256 = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() if secret else ""
    sha1 = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest() if secret else ""
    headers = {"Content-Type": "application/json", "X-GitHub-Event": event, "X-GitHub-Delivery": delivery}
    if flavour is Flavour.GITHUB:
        headers |= {
            "User-Agent": "GitHub-Hookshot/044aadd",
            "Accept": "*/*",
            "X-GitHub-Hook-ID": "292430182",
            "X-GitHub-Hook-Installation-Target-ID": "79929171",
            "X-GitHub-Hook-Installation-Target-Type": "repository",
        }
        if secret:
            headers |= {"X-Hub-Signature": f"sha1={sha1}", "X-Hub-Signature-256": f"sha256={sha256}"}
        return headers
    # Present, but empty, if the webhook has no secret.
    headers |= {
        "User-Agent": "Go-http-client/1.1",
        "X-Hub-Signature": f"sha1={sha1}",
        "X-Hub-Signature-256": f"sha256={sha256}",
        "X-GitHub-Event-Type": event,
    }
    names = ("Gitea", "Gogs", "Forgejo") if flavour is Flavour.FORGEJO else ("Gitea", "Gogs")
    for name in names:
        headers |= {
            f"X-{name}-Event": event,
            f"X-{name}-Event-Type": event,
            f"X-{name}-Delivery": delivery,
            f"X-{name}-Signature": sha256,
        }
    if flavour is Flavour.GITEA:
        headers |= {f"X-{name}-Hook-Installation-Target-Type": "repository" for name in ("Gitea", "GitHub")}
    return headers


@dataclass(frozen=True)
class Delivery:
    """One webhook delivery, ready to be sent, as often as a test likes."""

    flavour: Flavour
    event: str
    payload: dict[str, Any]
    secret: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def body(self) -> bytes:
        indent = None if self.flavour is Flavour.GITHUB else 2
        return json.dumps(self.payload, indent=indent, ensure_ascii=False).encode()

    @property
    def headers(self) -> dict[str, str]:
        return delivery_headers(self.flavour, self.event, self.id, self.secret, self.body)

    async def send(self, ingest_url: str, session: aiohttp.ClientSession | None = None) -> int:
        """Post it to `<ingest_url>/api/triggers/<forge>`; returns the status of the answer."""
        if session is None:
            async with aiohttp.ClientSession() as own:
                return await self.send(ingest_url, own)
        url = self._url(ingest_url)
        async with session.post(url, data=self.body, headers=self.headers, allow_redirects=False) as response:
            await response.read()
            return response.status

    def send_now(self, ingest_url: str) -> int:
        """Post it as `send` does, for tests that are not asynchronous."""
        request = urllib.request.Request(self._url(ingest_url), self.body, self.headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def _url(self, ingest_url: str) -> str:
        return f"{ingest_url.rstrip('/')}/api/triggers/{self.flavour}"


def push_delivery(flavour: Flavour, repository: Repository, push: Push, clone_url: str, secret: str) -> Delivery:
    return Delivery(flavour, "push", push_payload(flavour, repository, push, clone_url), secret)
