"""What a trigger must know of a local git repository: read with the git command."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tisktask_cli.errors import CommandError, Exit


@dataclass(frozen=True)
class Commit:
    """A commit of a repository on this machine. `ref` is a full name."""

    folder: Path
    sha: str
    ref: str
    before: str | None
    actor: str
    title: str
    has_changes_besides: bool


def read_commit(path: Path, ref: str | None) -> Commit:
    """Read the commit that `ref` (or HEAD) names in the repository at `path`."""
    folder = repository_folder(path)
    name = ref or "HEAD"
    sha = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    parents, actor, title = _git(folder, "log", "-1", "--format=%P%x00%an%x00%s", sha).split("\0")
    dirty = subprocess.run(["git", "-C", folder, "diff-index", "--quiet", "HEAD"], check=False, capture_output=True)
    return Commit(
        folder=folder,
        sha=sha,
        ref=_full_ref(folder, name),
        before=parents.split()[0] if parents else None,
        actor=actor,
        title=title,
        has_changes_besides=ref is None and dirty.returncode == 1,
    )


def repository_folder(path: Path) -> Path:
    """Find the root of the working copy that `path` is in."""
    return Path(_git(path, "rev-parse", "--show-toplevel"))


def default_name(folder: Path) -> str:
    """Name a local repository after its folder, with the letters that names may have."""
    return "local/" + (re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip(".-") or "repository")


def _full_ref(folder: Path, name: str) -> str:
    if name.startswith("refs/"):
        return name
    full = _git(folder, "rev-parse", "--symbolic-full-name", name)
    # A commit that no branch or tag names: the jobs see a branch of this name.
    return full if full.startswith("refs/") else "refs/heads/detached"


def _git(folder: Path, *arguments: str) -> str:
    try:
        result = subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise CommandError("git is not installed: run `make setup`, or install it") from error
    if result.returncode != 0:
        words = result.stderr.strip().splitlines() or [f"there is no {arguments[-1].removesuffix('^{commit}')}"]
        raise CommandError(f"{folder}: {words[0].removeprefix('fatal: ')}", Exit.USAGE)
    return result.stdout.strip()
