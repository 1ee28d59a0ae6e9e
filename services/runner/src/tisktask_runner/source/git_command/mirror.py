"""A mirror in the SHA-256 format, as fetching needs it."""

from pathlib import Path

from tisktask_runner.source.git_command.errors import GitCommandError
from tisktask_runner.source.git_command.objects import Objects, tree_in
from tisktask_runner.source.git_command.process import GitOrder, run_git
from tisktask_runner.source.git_command.transfer import Transfer, run_transfer
from tisktask_runner.source.reading import FoundCommit, NotACommit, Source, title_of
from tisktask_runner.source.transfer import TransferBudget

_NO_SUCH_REF = "couldn't find remote ref"
#: The exit code that means: there is none.
_NONE = 1


class GitMirror:
    """What fetching does with it."""

    def __init__(self, mirror: Path, objects: Objects) -> None:
        self._mirror = mirror
        self._objects = objects

    def find(self, sha: str) -> FoundCommit | NotACommit | None:
        if self._objects.find(sha) is None:
            return None
        found = self._objects.commit(sha)
        if found is None:
            return NotACommit()
        commit, content = found
        if self._objects.find(tree_in(content)) is None:
            return None
        return FoundCommit(commit, title_of(content.partition(b"\n\n")[2].decode("utf-8", "replace")))

    def transfer(self, source: Source, refspec: str, depth: int, budget: TransferBudget) -> None:
        # Not --quiet: it would not tell of redirects.
        options = ["--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-show-forced-updates"]
        if depth:
            options.append(f"--depth={depth}")
        order = Transfer(
            source.clone_url, source.token, ("fetch", *options, "--", source.clone_url, refspec), self._mirror
        )
        try:
            run_transfer(order, budget)
        except GitCommandError as error:
            if _NO_SUCH_REF not in str(error).lower():
                raise
        finally:
            self._remove_unfinished()

    def commit_of(self, ref: str) -> str | None:
        return self._ask("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")

    def merge_base(self, one: str, other: str) -> str | None:
        return self._ask("merge-base", one, other)

    def delete_ref(self, ref: str) -> None:
        self._git("update-ref", "-d", ref)

    def _ask(self, *arguments: str) -> str | None:
        try:
            return self._git(*arguments)
        except GitCommandError as error:
            if error.exit_code != _NONE:
                raise
            return None

    def _git(self, *arguments: str) -> str:
        return run_git(GitOrder(arguments, self._mirror), lambda _: None).decode("utf-8", "replace").strip()

    def _remove_unfinished(self) -> None:
        """Remove what a transfer that was ended has left. Whoever fetches is alone."""
        for file in (self._mirror / "objects" / "pack").glob("tmp_*"):
            file.unlink(missing_ok=True)
