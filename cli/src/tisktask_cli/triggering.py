"""Sends the delivery that `tisktask trigger` makes, through the same door and with the same signature as a forge's."""

import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tisktask_cli.api_client import Answer, Server, patient_exchange
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.git_commit import Commit, default_name

FORGE = "local"


@dataclass(frozen=True)
class Delivery:
    """What is to be run: an event, perhaps with its action, of a commit of a repository."""

    repository: str
    event: str
    action: str | None
    commit: Commit
    inputs: dict[str, str] = field(default_factory=dict[str, str])

    def body(self) -> bytes:
        fields: dict[str, Any] = {
            "repository": self.repository,
            "event": self.event,
            "ref": self.commit.ref,
            "sha": self.commit.sha,
            "before": self.commit.before,
            "actor": self.commit.actor,
            "title": self.commit.title,
        }
        given = {"action": self.action, "inputs": self.inputs}
        return json.dumps(fields | {name: value for name, value in given.items() if value}).encode()


def choose_name(server: Server, folder: Path) -> str:
    """Name a local repository by its folder; two folders of one name stay apart."""
    plain = default_name(folder)
    others = {
        item["full_name"]: item["clone_url"] for item in server.get("/repositories")["items"] if item["forge"] == FORGE
    }
    if others.get(plain, str(folder)) == str(folder):
        return plain
    return f"{plain}-{hashlib.sha256(str(folder).encode()).hexdigest()[:6]}"


def send(server: Server, delivery: Delivery) -> str:
    """Send a delivery; the id of the trigger that it has become. The repository is added if it is not known."""
    if not server.ingest_url:
        raise CommandError("set TISKTASK_INGEST_URL to the address that takes webhooks", Exit.USAGE)
    delivery_id = uuid.uuid4().hex
    if not _is_known(server, delivery):
        _add(server, delivery)
    answer = _post(server, delivery, delivery_id)
    if answer.status in {401, 404}:  # added with another token's secret, or by another way
        _add(server, delivery)
        answer = _post(server, delivery, delivery_id)
    if answer.status != 202:
        code = Exit.UNREACHABLE if answer.status == 503 else Exit.USAGE if answer.status < 500 else Exit.FAILED
        raise CommandError(answer.problem, code)
    reply = answer.json()
    if "id" not in reply:
        raise CommandError(f"nothing is run: {reply.get('ignored') or reply.get('ping')}", Exit.USAGE)
    return str(reply["id"])


def sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def webhook_secret(admin_token: str, repository: str) -> str:
    """Derive a local repository's webhook secret: whoever has the admin token may trigger, and nothing is kept."""
    return hmac.new(admin_token.encode(), f"webhook:{repository}".encode(), hashlib.sha256).hexdigest()


def _is_known(server: Server, delivery: Delivery) -> bool:
    wanted = (FORGE, delivery.repository, str(delivery.commit.folder), True)
    return any(
        (item["forge"], item["full_name"], item["clone_url"], item["has_webhook_secret"]) == wanted
        for item in server.get("/repositories")["items"]
    )


def _add(server: Server, delivery: Delivery) -> None:
    server.post(
        "/repositories",
        {
            "forge": FORGE,
            "full_name": delivery.repository,
            "clone_url": str(delivery.commit.folder),
            "webhook_secret": webhook_secret(server.token, delivery.repository),
        },
    )


def _post(server: Server, delivery: Delivery, delivery_id: str) -> Answer:
    body = delivery.body()
    headers = {
        "Content-Type": "application/json",
        "X-Tisktask-Event": delivery.event,
        "X-Tisktask-Delivery": delivery_id,
        "X-Hub-Signature-256": sign(webhook_secret(server.token, delivery.repository), body),
    }
    return patient_exchange(server.ingest_url, "POST", f"/api/triggers/{FORGE}", headers, body)
