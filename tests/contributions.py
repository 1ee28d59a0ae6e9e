"""Pull requests on a project's forge, as strangers and writers make them: real commits, and the webhooks about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from forge import Pull, Rights
from forge.pull_webhooks import add_agit_pull, add_fork_pull, comment_delivery, pull_delivery
from git_server import File, program
from project import Project
from stack import wait_for

STRANGER, WRITER = "eve", "ada"
Files = Mapping[str | bytes, File]
#: What the target branch has.
OWN = program("#!/bin/sh\necho of the project\n")


@dataclass
class Contributions:
    """Pull requests of one project, whose token may ask who may write."""

    project: Project
    base: str
    _numbers: list[int] = field(default_factory=list[int])

    @classmethod
    def begin(cls, project: Project, files: Files | None = None) -> "Contributions":
        """Make the target branch; nothing of it is run."""
        state = project.forge.state
        state.tokens[project.token] = replace(state.tokens[project.token], rights=Rights.ADMIN)
        state.let(project.full_name, WRITER, "write")
        state.users.add(STRANGER)
        return cls(project, project.commit(files or {".tisktask/pull_request/check": OWN}))

    def open(self, files: Files, author: str = STRANGER, *, kind: str = "fork") -> Pull:
        """Open a pull request of a fork, by AGit, or of an own branch."""
        number = 1 + max(self._numbers, default=100)
        self._numbers.append(number)
        sha = self.project.commit(files, f"refs/pull/{number}/head", self.base)
        state, repository = self.project.forge.state, self.project.forge.state.repository(self.project.full_name)
        if kind == "fork":
            pull = add_fork_pull(state, repository, number, sha, author)
        elif kind == "agit":
            pull = add_agit_pull(state, repository, number, sha, author)
        else:
            pull = Pull(number, sha, self.base, author=author)
            repository.pulls.append(pull)
        pull.base_sha = self.base
        self.tell(pull, "opened")
        return pull

    def open_at(self, sha: str, author: str) -> Pull:
        """Open a pull request of a commit that was pushed to an own branch."""
        number = 1 + max(self._numbers, default=100)
        self._numbers.append(number)
        self.project.git.git("update-ref", f"refs/pull/{number}/head", sha)
        pull = Pull(number, sha, self.base, author=author)
        self.project.forge.state.repository(self.project.full_name).pulls.append(pull)
        self.tell(pull, "opened")
        return pull

    def push(self, pull: Pull, files: Files) -> str:
        """Push other commits to it; returns the new head."""
        pull.sha = self.project.commit(files, f"refs/pull/{pull.number}/head", self.base)
        self.tell(pull, "synchronize")
        return pull.sha

    def tell(self, pull: Pull, action: str, sender: str = "") -> None:
        """Deliver that something has happened to it, as it is now."""
        state, name = self.project.forge.state, self.project.full_name
        delivery = pull_delivery(state, state.repository(name), pull.number, self.project.secret, action, sender)
        assert delivery.send_now(self.project.stack.ingest_url) == 202

    def comment(self, pull: Pull, body: str, sender: str) -> None:
        state, name = self.project.forge.state, self.project.full_name
        delivery = comment_delivery(
            state, state.repository(name), pull.number, self.project.secret, body=body, sender=sender
        )
        assert delivery.send_now(self.project.stack.ingest_url) == 202

    def wait_for_state(self, sha: str, state: str, seconds_max: float = 60) -> dict[str, Any]:
        """Wait until the newest run of a commit is in a state; returns the run with all that is known of it."""
        stack = self.project.stack

        def look() -> dict[str, Any] | None:
            runs = stack.runs(self.project.full_name, sha)
            return stack.api(f"/runs/{runs[0]['id']}") if runs and runs[0]["state"] == state else None

        return wait_for(look, seconds_max, lambda: f"{stack.runs(self.project.full_name, sha)}\n{stack.log_tail()}")
