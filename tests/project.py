"""A repository on a forge: real git over HTTP, a modelled API, registered with a real Tisktask; and pushes to it."""

import json
import secrets
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forge import Forge
from forge.webhooks import Delivery, Push, push_delivery
from git_server import File, GitRepository, GitServer
from stack import Stack


@dataclass
class Project:
    """One repository; each test makes its own."""

    stack: Stack
    forge: Forge
    git: GitRepository
    full_name: str
    clone_url: str
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    #: What Tisktask was given: it fetches and reports with it.
    token: str = ""

    @classmethod
    def create(
        cls, stack: Stack, forge: Forge, server: GitServer, folder: Path, object_format: str = "sha1"
    ) -> "Project":
        """Make the repository on the forge and add it with `tisktask repo add`, as a user does."""
        full_name = f"acme/p{secrets.token_hex(4)}"
        forge.state.add_repository(full_name)
        token = forge.state.add_token("robot")
        server.tokens.add(token.value)
        git = server.create(full_name, object_format)
        project = cls(stack, forge, git, full_name, server.clone_url(full_name), token=token.value)
        (folder / "token").write_text(token.value)
        (folder / "secret").write_text(project.secret)
        stack.cli(
            *("repo", "add", project.clone_url, "--name", full_name, "--forge", forge.state.flavour),
            *("--api-url", forge.api_url, "--token-file", folder / "token"),
            *("--webhook-secret-file", folder / "secret", "--no-webhook"),
        )
        return project

    def commit(self, files: Mapping[str | bytes, File], ref: str = "refs/heads/main", parent: str | None = None) -> str:
        sha = self.git.commit(files, ref, parent=parent)
        self.forge.state.repository(self.full_name).commits.add(sha)
        return sha

    def delivery(self, sha: str, ref: str = "refs/heads/main") -> Delivery:
        repository = self.forge.state.repository(self.full_name)
        return push_delivery(self.forge.state.flavour, repository, Push(sha, ref=ref), self.clone_url, self.secret)

    def push(self, files: Mapping[str | bytes, File], ref: str = "refs/heads/main") -> str:
        """Commit exactly these files and deliver the webhook; returns the sha."""
        sha = self.commit(files, ref)
        assert self.delivery(sha, ref).send_now(self.stack.ingest_url) == 202
        return sha

    def run(self, files: Mapping[str | bytes, File], seconds_max: float = 60) -> dict[str, Any]:
        """Push and wait for the run's end."""
        return self.stack.wait_for_run(self.full_name, self.push(files), seconds_max)

    def statuses(self, sha: str, context: str) -> list[str]:
        """All states that the forge was told for a context, oldest first."""
        return self.forge.state.states(self.full_name, sha, context)


def follow_log(stack: Stack, job: str, last_event_id: str | None = None) -> Iterator[tuple[str, str, Any]]:
    """Yield (event, id, data) of a log's stream of Server-Sent Events until the server ends it."""
    headers = {"Authorization": f"Bearer {stack.token}", "Accept": "text/event-stream"}
    if last_event_id:
        headers["Last-Event-ID"] = last_event_id
    request = urllib.request.Request(f"{stack.url}/api/v1/jobs/{job}/log/stream", headers=headers)
    event, number, data = "message", "", ""
    with urllib.request.urlopen(request, timeout=60) as reply:
        for raw in reply:
            line = raw.decode().rstrip("\n")
            name, _, value = line.partition(": ")
            if name == "event":
                event = value
            elif name == "id":
                number = value
            elif name == "data":
                data += value
            elif not line and data:
                yield event, number, json.loads(data)
                event, data = "message", ""
