"""Deliveries that the command makes itself."""

import hashlib
import hmac
import json
import subprocess
from pathlib import Path

import pytest

from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.git_commit import default_name, read_commit
from tisktask_cli.triggering import Delivery, sign, webhook_secret


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "my project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for name in ("one", "two"):
        (folder / name).write_text(name)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", f"Add {name}")
    return folder


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_head_is_read_with_its_branch_its_parent_and_its_author(repository: Path) -> None:
    commit = read_commit(repository, None)
    assert (commit.sha, commit.before) == (git(repository, "rev-parse", "HEAD"), git(repository, "rev-parse", "HEAD^"))
    assert (commit.ref, commit.actor, commit.title) == ("refs/heads/main", "Ann", "Add two")
    assert not commit.has_changes_besides


def test_a_tag_is_read_by_its_name(repository: Path) -> None:
    git(repository, "tag", "-a", "-m", "one", "v1", "HEAD^")
    commit = read_commit(repository, "v1")
    assert (commit.ref, commit.sha) == ("refs/tags/v1", git(repository, "rev-parse", "HEAD^"))


def test_a_first_commit_has_none_before_it(repository: Path) -> None:
    assert read_commit(repository, "HEAD^").before is None


def test_a_detached_head_gets_a_name_that_says_so(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    assert read_commit(repository, None).ref == "refs/heads/detached"


def test_the_root_is_found_from_below_and_changes_are_seen(repository: Path) -> None:
    (repository / "below").mkdir()
    (repository / "one").write_text("changed")
    commit = read_commit(repository / "below", None)
    assert commit.folder == repository
    assert commit.has_changes_besides


@pytest.mark.parametrize("ref", ["nowhere", "--output=/tmp/x", "HEAD~99"])
def test_a_ref_that_is_not_there_is_a_usage_error(repository: Path, ref: str) -> None:
    with pytest.raises(CommandError) as caught:
        read_commit(repository, ref)
    assert caught.value.exit_code == Exit.USAGE


def test_a_folder_without_repository_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="not a git repository"):
        read_commit(tmp_path, None)


def test_a_name_has_only_letters_that_names_may_have() -> None:
    assert default_name(Path("/home/ann/my project (1)")) == "local/my-project-1"


def test_the_signature_is_the_forges_own_over_the_very_bytes(repository: Path) -> None:
    body = Delivery("local/x", "push", "opened", read_commit(repository, None)).body()
    assert json.loads(body)["action"] == "opened"
    secret = webhook_secret("token", "local/x")
    assert secret == hmac.new(b"token", b"webhook:local/x", hashlib.sha256).hexdigest()
    assert sign(secret, body) == "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
