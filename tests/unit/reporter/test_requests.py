"""What is sent to each forge, to the byte."""

import pytest
from pydantic import SecretStr

from tisktask_common.ids import RepositoryId
from tisktask_reporter.forges import forgejo, github
from tisktask_reporter.forges.exchange import is_http
from tisktask_reporter.forges.request import Access
from tisktask_reporter.status import Shown, StatusKey, StatusState

SHA = "5f" * 20
KEY = StatusKey(RepositoryId("repo_1"), SHA, "tisktask/push")


def _access(api_url: str, full_name: str = "me/app") -> Access:
    return Access("", api_url, full_name, SecretStr("t"))


def _shown(state: StatusState) -> Shown:
    return Shown(state, "words", "https://ci.example.com/runs/run_1")


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (StatusState.PENDING, "pending"),
        (StatusState.SUCCESS, "success"),
        (StatusState.FAILURE, "failure"),
        (StatusState.ERROR, "error"),
        (StatusState.SKIPPED, "success"),
    ],
)
def test_github_is_sent_what_its_description_says(state: StatusState, word: str) -> None:
    request = github.status_request(KEY, _shown(state), _access("https://api.github.com/"))
    assert (request.method, request.url) == ("POST", f"https://api.github.com/repos/me/app/statuses/{SHA}")
    assert request.scheme == "Bearer"
    assert request.headers == {
        "Accept": "application/vnd.github+json",
        "User-Agent": "tisktask-reporter",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    assert request.body == {
        "state": word,
        "context": "tisktask/push",
        "description": "words",
        "target_url": "https://ci.example.com/runs/run_1",
    }


@pytest.mark.parametrize("api_url", ["https://forge.example/git/api/v1", "https://forge.example/git/"])
def test_forgejo_is_sent_its_own_form_below_its_path(api_url: str) -> None:
    request = forgejo.status_request(KEY, _shown(StatusState.FAILURE), _access(api_url), knows_skipped=False)
    assert request.url == f"https://forge.example/git/api/v1/repos/me/app/statuses/{SHA}"
    assert request.scheme == "token"
    assert request.headers["Accept"] == "application/json"
    assert request.body
    assert request.body["state"] == "failure"
    version = forgejo.version_request(_access(api_url))
    assert (version.method, version.url) == ("GET", "https://forge.example/git/api/v1/version")


@pytest.mark.parametrize(("knows_skipped", "word"), [(True, "skipped"), (False, "success")])
def test_forgejo_is_sent_skipped_only_if_it_knows_it(knows_skipped: bool, word: str) -> None:
    access = _access("https://forge.example")
    request = forgejo.status_request(KEY, _shown(StatusState.SKIPPED), access, knows_skipped=knows_skipped)
    assert request.body
    assert request.body["state"] == word


@pytest.mark.parametrize(
    ("version", "knows"),
    [
        ("16.0.0+gitea-1.22.0", True),
        ("17.0.0-dev-12-gabc+gitea-1.22.0", True),
        ("15.0.3+gitea-1.22.0", False),
        ("1.26.3", True),
        ("1.25.0", True),
        ("1.24.9", False),
        ("1.27.0-rc0", True),
        ("", False),
        ("development", False),
    ],
)
def test_the_version_tells_whether_skipped_is_known(version: str, knows: bool) -> None:
    assert forgejo.version_knows_skipped(version) is knows


def test_odd_names_stay_within_their_place_in_the_path() -> None:
    request = github.status_request(KEY, _shown(StatusState.PENDING), _access("https://h", "me/../..?x#y"))
    assert request.url == f"https://h/repos/me/..%2F..%3Fx%23y/statuses/{SHA}"


@pytest.mark.parametrize(
    ("address", "can_be_asked"),
    [
        ("https://forge.example/git/api/v1", True),
        ("http://[::1]:3000/api/v1", True),
        ("ftp://forge.example", False),
        ("https://ada:secret@forge.example", False),
        ("https:///api/v1", False),
        (f"https://{'a' * 64}.example", False),
        ("https://forge..example", False),
    ],
)
def test_only_addresses_that_somebody_can_have_are_asked(address: str, *, can_be_asked: bool) -> None:
    assert is_http(address) is can_be_asked
