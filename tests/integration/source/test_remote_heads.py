"""Reading branches and tags of real repositories: over HTTP and from a folder, with all that may come in between."""

import threading
import time
from pathlib import Path

from pydantic import SecretStr

from git_server import GitRepository, GitServer, plain, serve_git
from tisktask_runner.source.remote_heads import NotSeen, Remote, RemoteHeads, read_remote_heads

NAME = "owner/name"


def read(server: GitServer, name: str = NAME, token: str | None = None, refs_max: int = 100) -> RemoteHeads | NotSeen:
    return read_remote_heads(Remote(name, server.clone_url(name), SecretStr(token) if token else None), refs_max, 10)


def reason(outcome: RemoteHeads | NotSeen) -> str:
    assert isinstance(outcome, NotSeen), outcome
    return outcome.reason


def populate(repository: GitRepository) -> RemoteHeads:
    first = repository.commit({"a": plain("1")})
    second = repository.commit({"a": plain("2")}, "refs/heads/feature/ä")
    repository.git("tag", "light", first)
    repository.git("-c", "user.name=a", "-c", "user.email=a@b", "tag", "-a", "v1", "-m", "v1", second)
    # What pull requests stand at is none of ours.
    repository.git("update-ref", "refs/pull/1/head", first)
    heads = {
        "refs/heads/feature/ä": second,
        "refs/heads/main": first,
        "refs/tags/light": first,
        "refs/tags/v1": second,
    }
    return RemoteHeads(heads, "refs/heads/main")


def test_branches_and_tags_are_read_and_annotated_tags_name_their_commit(
    server: GitServer, repository: GitRepository
) -> None:
    expected = populate(repository)
    assert read(server) == expected
    local = read_remote_heads(Remote(NAME, str(repository.path), None), 100, 10)
    assert local == expected
    assert list(expected.heads) == sorted(expected.heads)


def test_the_head_of_a_pull_request_is_read_if_somebody_asks_for_it(
    server: GitServer, repository: GitRepository
) -> None:
    expected = populate(repository)
    also = frozenset({"refs/pull/1/head", "refs/pull/2/head"})
    found = read_remote_heads(Remote(NAME, server.clone_url(NAME), None, also), 100, 10)
    assert isinstance(found, RemoteHeads)
    assert found.heads == expected.heads | {"refs/pull/1/head": expected.heads["refs/heads/main"]}


def test_an_empty_repository_has_no_heads(server: GitServer, repository: GitRepository) -> None:
    assert repository
    assert read(server) == RemoteHeads({}, None)


def test_the_token_is_given_to_its_own_host_only(
    tmp_path: Path, server: GitServer, repository: GitRepository, object_format: str
) -> None:
    expected = populate(repository)
    server.tokens.add("s3cret")
    assert read(server, token="s3cret") == expected
    assert "wants a token" in reason(read(server))
    assert "does not accept the token" in reason(read(server, token="wrong"))
    with serve_git(tmp_path / "elsewhere", {"s3cret"}) as other:
        other.create(NAME, object_format)
        server.redirects["/owner/name.git"] = f"{other.url}/owner/name.git"
        assert "redirects to another address" in reason(read(server, token="s3cret"))
        assert not any(has_credentials for _, _, has_credentials in other.requests)


def test_what_fails_is_a_sentence(server: GitServer, repository: GitRepository) -> None:
    populate(repository)
    assert "knows no repository owner/missing" in reason(read(server, "owner/missing"))
    server.faults.append(502)
    assert "Could not read the branches and tags of owner/name" in reason(read(server))
    assert "has 4 branches and tags; Tisktask looks at 3 at most" in reason(read(server, refs_max=3))
    missing = read_remote_heads(Remote(NAME, "/nonexistent", None), 100, 10)
    assert "no git repository at /nonexistent" in reason(missing)
    assert "credentials" not in reason(read_remote_heads(Remote(NAME, "ssh://h/x", None), 100, 10))
    assert "without them" in reason(read_remote_heads(Remote(NAME, "https://u:p@h/x", None), 100, 10))


def test_names_that_webhooks_may_not_have_either_are_passed_over(server: GitServer, repository: GitRepository) -> None:
    sha = repository.commit({"a": plain("1")})
    (repository.path / "packed-refs").write_bytes(b"%s refs/heads/\xff\n" % sha.encode())
    repository.git("update-ref", f"refs/heads/{'x' * 250}/{'y' * 250}/z", sha)
    assert read(server) == RemoteHeads({"refs/heads/main": sha}, "refs/heads/main")


def test_reading_leaves_no_thread_or_folder_behind(server: GitServer, repository: GitRepository) -> None:
    populate(repository)
    before = threading.active_count()
    assert isinstance(read(server), RemoteHeads)
    # The server's own thread ends when it has seen that its client has hung up.
    deadline = time.monotonic() + 10
    while threading.active_count() != before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
