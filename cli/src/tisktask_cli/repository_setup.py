"""Sets one repository up at its forge, by the server's API: recognise, check the token, make the webhook, try it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tisktask_cli import words_for_setup as words
from tisktask_cli.api_client import Server, segment
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.forge_addresses import ForgeRepository, known_kind, read_address, root_of

#: A forge is asked several times, each with some seconds.
FORGE_SECONDS = 60.0
#: Besides the time to wait for a test delivery.
_TRIAL_SECONDS = 40.0
_LOOK_SECONDS = 0.2
Say = Callable[[str], None]


@dataclass(frozen=True)
class Said:
    """What the user has said of the repository, besides its address."""

    name: str | None = None
    forge: str | None = None
    api_url: str | None = None
    token: str | None = None


@dataclass(frozen=True)
class Wish:
    """How the webhook is wanted, and how long to wait for a test delivery."""

    webhook_url: str = ""
    wait_seconds: float = 15
    tries: bool = True
    #: Of many repositories with one token the first tells for all: forges limit how much is asked.
    checks_rights: bool = True
    is_empty: bool = False


@dataclass
class Connection:
    """What came of it. `problems` is empty if all is well."""

    rights: dict[str, Any] | None = None
    webhook: dict[str, Any] | None = None
    test: dict[str, Any] | None = None
    problems: list[str] = field(default_factory=list[str])

    def as_json(self) -> dict[str, Any]:
        return {"rights": self.rights, "webhook": self.webhook, "test": self.test, "problems": self.problems}


def find_forge(server: Server, url: str, said: Said, say: Say) -> ForgeRepository:
    """Complete an address: what the user says goes first, then what the forge's API says, then a known host's name."""
    root = root_of(url, said.name)
    known = said.forge or known_kind(root)
    if (said.forge and said.api_url is not None) or (known and said.token is None):
        return read_address(url, said.forge, said.name, said.api_url)
    if said.token is None and (there := _find_known(server, url)):
        api_url = there["api_url"] if said.api_url is None else said.api_url
        return read_address(url, there["forge"], said.name or there["full_name"], api_url)
    found = recognise(server, root, said.token)
    if not found["forge"]:
        if known is None:
            raise CommandError(words.not_recognised(root, found["problem"]), Exit.USAGE)
        say(words.not_asked(found["problem"], known))
        return read_address(url, known, said.name, said.api_url)
    say(words.recognised(found, root))
    if said.forge and said.forge != found["forge"]:
        say(words.other_kind(said.forge, found["forge"]))
        return read_address(url, said.forge, said.name, said.api_url)
    api_url = found["api_url"] if said.api_url is None else said.api_url
    return read_address(url, found["forge"], said.name, api_url)


def _find_known(server: Server, url: str) -> dict[str, Any] | None:
    """Find the repository that was added with this address: what its forge is was found out then."""
    items = server.get("/repositories")["items"]
    return next((item for item in items if is_same_address(item["clone_url"], url)), None)


def is_same_address(one: str, other: str) -> bool:
    """Tell whether two addresses for cloning are of the same repository."""
    return _plain(one) == _plain(other)


def _plain(url: str) -> str:
    return url.rstrip("/").removesuffix(".git").casefold()


def recognise(server: Server, root_url: str, token: str | None) -> dict[str, Any]:
    """Ask the server what kind of forge it is."""
    body = {"root_url": root_url} | ({"token": token} if token else {})
    return server.post("/forges/recognise", body, seconds=FORGE_SECONDS)


def connect(server: Server, repository: dict[str, Any], wish: Wish, say: Say) -> Connection:
    """Check the token's rights, make the webhook or make it right, and try it."""
    done = Connection()
    path = f"/repositories/{segment(repository['id'])}"
    if wish.checks_rights and not _check_rights(server, path, done, say):
        return done
    _make_hook(server, path, wish, done, say)
    is_empty = wish.is_empty or (done.rights is not None and done.rights["is_empty"])
    if done.webhook and not done.webhook["problem"] and wish.tries:
        if is_empty and repository["forge"] != "github":
            say(words.EMPTY_REPOSITORY)
        else:
            _try(server, path, wish, done, say)
    return done


def _check_rights(server: Server, path: str, done: Connection, say: Say) -> bool:
    """Name what the token lacks; say whether there is a webhook to make, and a right to."""
    rights = done.rights = server.get_patiently(f"{path}/rights", FORGE_SECONDS)
    if rights["problem"]:
        done.problems.append(rights["problem"])
        _tell([rights["problem"], words.AGAIN], say)
        return False
    _tell(words.rights_lines(rights), say)
    done.problems += [f"{one['name']}: {one['detail']}" for one in rights["rights"] if one["state"] == "lacks"]
    if rights["is_app"]:
        say(words.APP)
    return not rights["is_app"] and may_make_hooks(rights)


def may_make_hooks(rights: dict[str, Any]) -> bool:
    return not any(one["state"] == "lacks" and one["name"].endswith("webhooks") for one in rights["rights"])


def try_hook(server: Server, path: str, wait_seconds: float) -> dict[str, Any]:
    body = {"wait_seconds": wait_seconds}
    return server.post(f"{path}/webhook/test", body, seconds=wait_seconds + _TRIAL_SECONDS)


def wait_for_exchange(server: Server, path: str, wait_seconds: float) -> bool:
    """Wait until a delivery that was signed with the new secret has come; False: it has not, by then.

    A test's arrival does not say so: it may be an earlier delivery, on its way for long, that has come.
    """
    deadline = time.monotonic() + wait_seconds
    while server.get(f"{path}/webhook")["is_rotating"]:
        if time.monotonic() >= deadline:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def _make_hook(server: Server, path: str, wish: Wish, done: Connection, say: Say, *, renew: bool = False) -> None:
    body = {"webhook_url": wish.webhook_url, "fallback_url": server.ingest_url, "renew_secret": renew}
    hook = done.webhook = server.post(f"{path}/webhook", body, seconds=FORGE_SECONDS)
    _tell(words.hook_lines(hook), say)
    if hook["problem"]:
        done.problems.append(hook["problem"])


def _try(server: Server, path: str, wish: Wish, done: Connection, say: Say) -> None:
    done.test = try_hook(server, path, wish.wait_seconds)
    if done.test["arrival"] == "wrong_signature":
        # Somebody has set another secret at the forge: once more, with ours.
        _tell(words.trial_lines(done.test)[:1], say)
        _make_hook(server, path, wish, done, say, renew=True)
        done.test = try_hook(server, path, wish.wait_seconds)
    lines = words.trial_lines(done.test)
    _tell(lines, say)
    if done.test["arrival"] != "arrived":
        done.problems += lines


def _tell(lines: list[str], say: Say) -> None:
    for line in lines:
        say(line)
