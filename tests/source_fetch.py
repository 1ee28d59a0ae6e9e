"""Commits that tests want fetched, and what came of it."""

from dataclasses import replace

from git_server import GitServer
from tisktask_runner.source.mirror import WantedCommit
from tisktask_runner.source.outcomes import Fetched, FetchOutcome


def wanted(server: GitServer, sha: str, **changes: object) -> WantedCommit:
    commit = WantedCommit("forgejo", "owner/name", server.clone_url("owner/name"), sha, "refs/heads/main")
    return replace(commit, **changes)  # type: ignore[arg-type]


def fetched(outcome: FetchOutcome) -> Fetched:
    assert isinstance(outcome, Fetched), outcome
    return outcome
