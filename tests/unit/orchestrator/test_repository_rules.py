"""What a repository may look like."""

import pytest

from tisktask_common.errors import UserError
from tisktask_common.rpc import AddRepository
from tisktask_orchestrator.repositories.rules import check_repository


def request(**fields: str) -> AddRepository:
    return AddRepository(
        **({"forge": "github", "full_name": "octo/demo", "clone_url": "https://forge.example/octo/demo.git"} | fields)
    )


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"forge": "forgejo", "clone_url": "http://127.0.0.1:3000/a/b"},
        {"forge": "gitea", "api_url": "https://forge.example/api/v1"},
        {"full_name": "Octo-Cat_1/.github"},
        {"full_name": "o/a.b-c_d"},
    ],
)
def test_a_repository_of_a_forge_is_accepted(fields: dict[str, str]) -> None:
    check_repository(request(**fields), allows_local=False)


def test_a_local_repository_is_accepted_where_it_is_allowed() -> None:
    local = request(forge="local", clone_url="/srv/git/demo")
    check_repository(local, allows_local=True)
    with pytest.raises(UserError, match="ALLOW_LOCAL_REPOSITORIES"):
        check_repository(local, allows_local=False)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"forge": "svn"}, "forge: 'svn' is not known"),
        ({"full_name": "demo"}, "full_name"),
        ({"full_name": "a/b/c"}, "full_name"),
        ({"full_name": "a/.."}, "full_name"),
        ({"full_name": "../b"}, "full_name"),
        ({"full_name": "a/b\n"}, "full_name"),
        ({"full_name": "a/" + "b" * 300}, "full_name: at most 200"),
        ({"clone_url": "/srv/git"}, "clone_url: an http"),
        ({"clone_url": "file:///etc"}, "clone_url: an http"),
        ({"clone_url": "ssh://git@forge/a"}, "clone_url: an http"),
        ({"clone_url": "https://"}, "clone_url: an http"),
        ({"clone_url": "https://[::1"}, "clone_url: an http"),
        ({"clone_url": "https://forge:99999/a"}, "clone_url: an http"),
        ({"clone_url": "https://user:pass@forge/a"}, "no user name or password"),
        ({"clone_url": "https://token@forge/a"}, "no user name or password"),
        ({"clone_url": "https://@forge/a"}, "no user name or password"),
        ({"clone_url": "https://forge/a b"}, "clone_url: an http"),
        ({"clone_url": "https://forge/\x00"}, "clone_url: an http"),
        ({"clone_url": "https://forge/" + "a" * 2000}, "clone_url: at most"),
        ({"api_url": "ftp://forge"}, "api_url: an http"),
        ({"api_url": "https://u:p@forge"}, "api_url: no user name"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        check_repository(request(**fields), allows_local=True)


@pytest.mark.parametrize("path", ["srv/git", "", "https://forge/a", "/srv/\x00git", "/srv/\ngit"])
def test_a_local_repository_is_an_absolute_path(path: str) -> None:
    with pytest.raises(UserError, match="absolute path"):
        check_repository(request(forge="local", clone_url=path), allows_local=True)
