"""Compares an owner's repositories at a forge with those that are known, and adds what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from tisktask_cli import words_for_setup as words
from tisktask_cli.api_client import Server, segment
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.forge_addresses import ForgeRepository, split_owner
from tisktask_cli.new_repositories import new_repository, new_secret
from tisktask_cli.output import printable
from tisktask_cli.repository_setup import (
    FORGE_SECONDS,
    Connection,
    Say,
    Wish,
    connect,
    is_same_address,
    may_make_hooks,
    recognise,
)

_PAGES_MAX = 100
NO_RIGHT = "the token's owner is no administrator of it"
ARCHIVED = "it is archived"
PATTERN = "its name does not fit --include, or fits --exclude"
BEYOND = "beyond --max: run the command again for more"
ELSEWHERE = "one of this name is known already, of another forge of this kind"


@dataclass(frozen=True)
class Home:
    """Whose repositories, and where."""

    forge: str
    api_url: str
    owner: str
    token: str


@dataclass(frozen=True)
class Choice:
    """Which of them are wanted."""

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    most: int = 200
    has_archived: bool = False

    def refusal(self, item: dict[str, Any]) -> str:
        """Say why one is left out; empty: it is not."""
        name = item["full_name"].partition("/")[2].casefold()
        if not item["may_administer"]:
            return NO_RIGHT
        if item["is_archived"] and not self.has_archived:
            return ARCHIVED
        is_in = not self.include or any(fnmatchcase(name, one.casefold()) for one in self.include)
        return "" if is_in and not any(fnmatchcase(name, one.casefold()) for one in self.exclude) else PATTERN


@dataclass(frozen=True)
class Chosen:
    """What is to be added, what is known already, and what is left out and why."""

    missing: list[dict[str, Any]]
    #: Added before, but there is no webhook of ours, and nothing has ever come from another.
    unfinished: list[dict[str, Any]]
    known: list[str]
    left_out: list[dict[str, str]]


def find_home(server: Server, owner: str, said: Home, say: Say) -> Home:
    """Find out which forge is meant: by an address, else by what is known already."""
    if "/" not in owner:
        return _known_home(server, replace(said, owner=owner))
    root, name = split_owner(owner)
    if said.forge and said.api_url:
        return replace(said, owner=name)
    found = recognise(server, root, said.token)
    if not found["forge"]:
        raise CommandError(words.not_recognised(root, found["problem"]), Exit.USAGE)
    say(words.recognised(found, root))
    return Home(said.forge or found["forge"], said.api_url or found["api_url"], name, said.token)


def list_at_forge(server: Server, home: Home) -> list[dict[str, Any]]:
    """List what the token sees, all pages."""
    found: list[dict[str, Any]] = []
    page: int | None = 1
    while page is not None and page <= _PAGES_MAX:
        body = {"forge": home.forge, "api_url": home.api_url, "owner": home.owner, "token": home.token, "page": page}
        answer = server.post("/forges/repositories", body, seconds=FORGE_SECONDS)
        if answer["problem"]:
            raise CommandError(answer["problem"])
        found += answer["items"]
        page = answer["next_page"]
    if not found:
        raise CommandError(f"the token sees no repository of {home.owner} there: is the name right?")
    return found


def choose(server: Server, home: Home, listed: Sequence[dict[str, Any]], wanted: Choice) -> Chosen:
    """Sort what there is at the forge."""
    repositories = server.get("/repositories")["items"]
    by_name = {item["full_name"].casefold(): item for item in repositories if item["forge"] == home.forge}
    missing: list[dict[str, Any]] = []
    unfinished: list[dict[str, Any]] = []
    known: list[str] = []
    left_out: list[dict[str, str]] = []
    for item in sorted(listed, key=lambda one: one["full_name"].casefold()):
        name = item["full_name"]
        there, refusal = by_name.get(name.casefold()), wanted.refusal(item)
        if there and not _is_same(there, item, home):
            left_out.append({"full_name": name, "reason": ELSEWHERE})
        elif there:
            known.append(name)
            unfinished += [item] if not refusal and _is_unfinished(server, there) else []
        elif refusal := refusal or (BEYOND if len(missing) >= wanted.most else ""):
            left_out.append({"full_name": name, "reason": refusal})
        else:
            missing.append(item)
    return Chosen(missing, unfinished, known, left_out)


def add_all(server: Server, home: Home, chosen: Chosen, wish: Wish, say: Say) -> list[dict[str, Any]]:
    """Add each with its webhook. Once a test delivery did not arrive, no more are sent: the address is the same."""
    added: list[dict[str, Any]] = []
    for item in [*chosen.missing, *chosen.unfinished]:
        say(f"\n{printable(item['full_name'])}")
        found = ForgeRepository(home.forge, item["full_name"], item["clone_url"], home.api_url)
        secret = new_secret() if item in chosen.missing else None
        repository: dict[str, Any] = {"id": None}
        try:
            repository = server.post("/repositories", new_repository(found, home.token, secret))
            this = replace(wish, is_empty=item["is_empty"])
            done = connect(server, repository, this, lambda line: say(f"  {line}"))
        except CommandError as error:
            if error.exit_code is Exit.UNREACHABLE:
                raise
            # The others may be taken.
            say(f"  {printable(str(error))}")
            done = Connection(problems=[str(error)])
        else:
            lacks = done.rights is not None and not may_make_hooks(done.rights)
            checks_rights = wish.checks_rights and lacks
            wish = replace(wish, tries=wish.tries and not _did_not_arrive(done), checks_rights=checks_rights)
        added.append({"full_name": item["full_name"], "id": repository["id"]} | done.as_json())
    return added


def _is_same(there: dict[str, Any], item: dict[str, Any], home: Home) -> bool:
    """Tell whether what is known is at the forge that is meant: names are taken once for each kind of forge."""
    return there["api_url"] == home.api_url or is_same_address(there["clone_url"], item["clone_url"])


def _is_unfinished(server: Server, repository: dict[str, Any]) -> bool:
    """Tell whether its webhook is still to be made: we have none, nothing came from another, and no App's is used."""
    hook = server.get(f"/repositories/{segment(repository['id'])}/webhook")
    return hook["hook_id"] is None and hook["delivered_at"] is None and repository["app_id"] is None


def _did_not_arrive(done: Connection) -> bool:
    return done.test is not None and done.test["arrival"] != "arrived"


def _known_home(server: Server, said: Home) -> Home:
    if said.forge and said.api_url:
        return said
    places = {
        (item["forge"], item["api_url"])
        for item in server.get("/repositories")["items"]
        if item["api_url"] and said.forge in {"", item["forge"]}
    }
    if len(places) != 1:
        how = "several forges are known" if places else "no forge is known yet"
        raise CommandError(f"{how}: give the whole address, https://forge.example/{said.owner}", Exit.USAGE)
    ((forge, api_url),) = places
    return replace(said, forge=forge, api_url=api_url)
