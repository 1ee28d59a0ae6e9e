"""Small deliveries of our own making, shaped like the forges' and signed like theirs."""

import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from typing import Any

SECRET = "a long secret"
SHA = "1" * 39 + "a"
OLD_SHA = "2" * 39 + "b"
TAG_OBJECT = "3" * 39 + "c"
ZERO = "0" * 40
ZERO_SHA256 = "0" * 64
SHA256 = "4" * 63 + "d"

_HEADER_PREFIX = {"github": "X-GitHub", "forgejo": "X-Forgejo", "gitea": "X-Gitea", "local": "X-Tisktask"}


@dataclass(frozen=True)
class Post:
    """One request to ingest."""

    path: str
    body: bytes
    headers: dict[str, str]

    def with_headers(self, **changes: str | None) -> "Post":
        """Change headers (`_` for `-`); None takes one away."""
        renamed = {name.replace("_", "-"): value for name, value in changes.items()}
        kept = {name: value for name, value in self.headers.items() if name not in renamed}
        return replace(self, headers=kept | {name: value for name, value in renamed.items() if value is not None})

    def with_body(self, body: bytes) -> "Post":
        return replace(self, body=body)


def sign(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def delivery(
    forge: str,
    event: str,
    payload: dict[str, Any] | bytes,
    *,
    delivery_id: str = "d-1",
    event_type: str | None = None,
    secret: str = SECRET,
) -> Post:
    """Make the request that a forge would make, with the headers that all of its kind carry."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    prefix = _HEADER_PREFIX[forge]
    headers = {
        "Content-Type": "application/json",
        "X-Hub-Signature-256": f"sha256={sign(body, secret)}",
        f"{prefix}-Event": event,
        f"{prefix}-Delivery": delivery_id,
    }
    if forge in {"forgejo", "gitea"}:
        # Both say that they were GitHub, too; and Forgejo that it was Gitea.
        for name in ("X-GitHub", "X-Gitea"):
            headers |= {f"{name}-Event": event, f"{name}-Delivery": delivery_id}
        headers |= {f"{prefix}-Event-Type": event_type or event, f"{prefix}-Signature": sign(body, secret)}
    return Post(f"/api/triggers/{forge}", body, headers)


def push(full_name: str = "octo/app", ref: str = "refs/heads/main", **changes: Any) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "ref": ref,
        "before": OLD_SHA,
        "after": SHA,
        "head_commit": {"id": SHA, "message": "Mend the bridge\n\nIt was broken."},
        "commits": [],
        "pusher": {"name": "pat", "email": "pat@example.invalid"},
        "repository": {"id": 7, "full_name": full_name, "created_at": 1700000000, "default_branch": "main"},
        "sender": {"login": "pat"},
    }
    return payload | changes


def pull_request(action: str = "opened", full_name: str = "octo/app", **changes: Any) -> dict[str, Any]:
    """Make a pull request from a branch of the same repository; `changes` are to the pull request itself."""
    repository = {"id": 7, "full_name": full_name, "default_branch": "main"}
    body: dict[str, Any] = {
        "title": "A better bridge",
        "draft": False,
        "labels": [{"id": 1, "name": "bug"}],
        "user": {"login": "pat"},
        "head": {"sha": SHA, "ref": "bridge", "repo": repository},
        "base": {"sha": OLD_SHA, "ref": "main", "repo": repository},
    }
    return {
        "action": action,
        "number": 5,
        "pull_request": body | changes,
        "repository": repository,
        "sender": {"login": "sam"},
    }


def local_push(full_name: str = "me/app", **changes: Any) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "repository": full_name,
        "event": "push",
        "ref": "refs/heads/main",
        "sha": SHA,
        "before": None,
        "actor": "me",
        "title": "Try it",
    }
    return payload | changes
