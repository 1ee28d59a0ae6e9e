"""`tisktask repo set` and `show`: what holds for the runs of a repository."""

from pathlib import Path
from typing import Any

import click

from tisktask_cli.api_client import Server, segment
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.find_server import server_of
from tisktask_cli.forge_addresses import FORGES
from tisktask_cli.output import ago, json_option, print_json, printable
from tisktask_cli.triggering import FORGE as LOCAL
from tisktask_cli.words import FORK_POLICIES

_ON_OFF = click.Choice(["on", "off"])
_NONE = "none"
_DEFAULT = "default"
_JOBS_MAX = 10_000
_repository = click.argument("repository", metavar="OWNER/NAME|ID")
_forge = click.option("--forge", type=click.Choice((*FORGES, LOCAL)), help="If there is the name on several forges.")


class _JobsMax(click.ParamType[int | str]):
    """A number of jobs, or that there is no limit."""

    name = "N|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        if value == _NONE:
            return _NONE
        try:
            number = int(value)
        except ValueError:
            number = 0
        if not 1 <= number <= _JOBS_MAX:
            self.fail(f"{value!r} is neither a number from 1 to {_JOBS_MAX} nor {_NONE!r}.", param, ctx)
        return number


class _Kept(click.ParamType[int | str]):
    """A number, or a word: that there is none, or that the server's own holds."""

    def __init__(self, most: int, word_for_zero: str = "") -> None:
        self._most = most
        self._zero = word_for_zero
        self.name = "|".join(["N", *([word_for_zero] if word_for_zero else []), _DEFAULT])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        if value == _DEFAULT:
            return _NONE
        if self._zero and value == self._zero:
            return 0
        if isinstance(value, int) or (value.isdecimal() and int(value) <= self._most):
            return int(value)
        return self.fail(f"{value!r} is none of {self.name} with N up to {self._most}.", param, ctx)


@click.command("set")
@_repository
@_forge
@click.option("--supersede-pull-requests", type=_ON_OFF, help="A new commit cancels older runs of its pull request.")
@click.option("--supersede-branches", type=_ON_OFF, help="A push cancels older runs of its branch.")
@click.option("--jobs-max", type=_JobsMax(), help="Jobs at work at once.")
@click.option("--priority", type=click.IntRange(-10, 10), help="Jobs of a higher one are started first.")
@click.option("--reconcile", type=_ON_OFF, help="What no webhook told of is looked for and run.")
@click.option("--forks", type=click.Choice(list(FORK_POLICIES)), help="Runs from forks and by those who may not write.")
@click.option("--keep-days", type=_Kept(36_500, "forever"), help="How long runs are kept after their end.")
@click.option("--keep-min", type=_Kept(1_000_000), help="Newest runs that are kept however old they are.")
@click.option("--keep-max", type=_Kept(1_000_000, _NONE), help="Runs that are kept at most.")
@click.option("--comment", type=_ON_OFF, help="Pull requests have a comment that is kept up to date.")
@data_dir_option
@json_option
@click.pass_context
def change(  # noqa: PLR0913 - one parameter per option
    context: click.Context,
    repository: str,
    *,
    forge: str | None,
    supersede_pull_requests: str | None,
    supersede_branches: str | None,
    jobs_max: int | str | None,
    priority: int | None,
    reconcile: str | None,
    forks: str | None,
    keep_days: int | str | None,
    keep_min: int | str | None,
    keep_max: int | str | None,
    comment: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Change what holds for the runs of a repository. What is not given stays as it is."""
    given: dict[str, Any] = {
        "supersede_pull_requests": supersede_pull_requests and supersede_pull_requests == "on",
        "supersede_branches": supersede_branches and supersede_branches == "on",
        "jobs_max": jobs_max,
        "priority": priority,
        "reconcile": reconcile and reconcile == "on",
        "forks": forks,
        "keep_days": keep_days,
        "keep_min": keep_min,
        "keep_max": keep_max,
        "has_comment": comment and comment == "on",
    }
    body = {name: None if value == _NONE else value for name, value in given.items() if value is not None}
    if not body:
        raise CommandError("say what to change: `tisktask repo set --help` lists it", Exit.USAGE)
    server = server_of(context, data_dir)
    found = find_repository(server, repository, forge)
    _print(server.patch(f"/repositories/{segment(found['id'])}", body), as_json=as_json)


@click.command("show")
@_repository
@_forge
@data_dir_option
@json_option
@click.pass_context
def show(context: click.Context, repository: str, *, forge: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Show a repository and its settings."""
    _print(find_repository(server_of(context, data_dir), repository, forge), as_json=as_json)


def find_repository(server: Server, repository: str, forge: str | None) -> dict[str, Any]:
    """Find the one repository of this name or id."""
    return only_one(match_repositories(server, repository, forge), repository)


def match_repositories(server: Server, repository: str, forge: str | None) -> list[dict[str, Any]]:
    """List the repositories of this name or id."""
    return [
        item
        for item in server.get("/repositories")["items"]
        if repository in {item["id"], item["full_name"]} and forge in {None, item["forge"]}
    ]


def only_one(found: list[dict[str, Any]], repository: str) -> dict[str, Any]:
    """Refuse a name that says too little or too much."""
    if len(found) != 1:
        several, none = "say which with --forge", "`tisktask repo list` shows those that there are"
        what = f"there are several {repository}: {several}" if found else f"there is no repository {repository}: {none}"
        raise CommandError(what, Exit.USAGE)
    return found[0]


def superseding(item: dict[str, Any]) -> str:
    """Say where newer runs cancel older ones."""
    kinds = [kind for kind in ("pull_requests", "branches") if item[f"supersede_{kind}"]]
    return ", ".join(kinds).replace("_", " ") or "off"


def reported(item: dict[str, Any]) -> str:
    """Say as whom its runs are reported to the forge."""
    return f"as the App {item['app_id']}" if item["app_id"] else "with its token"


def _print(item: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(item)
        return
    print(printable(f"{item['full_name']} ({item['forge']}) {item['clone_url']}"))
    print(f"  superseding   {superseding(item)}")
    print(f"  jobs at once  {'no limit' if item['jobs_max'] is None else item['jobs_max']}")
    print(f"  priority      {item['priority']}")
    print(f"  reconciling   {_reconciling(item)}")
    for problem in item.get("look_problems", []):
        print(printable(f"    {problem}"))
    print(f"  forks         {FORK_POLICIES.get(item.get('forks', 'ask'), item.get('forks'))}")
    print(f"  runs kept     {_kept(item)}")
    print(f"  reported      {reported(item)}")
    print(f"  comment       {'on' if item['has_comment'] else 'off'}")


def _reconciling(item: dict[str, Any]) -> str:
    looked_at = item.get("looked_at")
    return ("on" if item.get("reconcile", True) else "off") + (f", looked at {ago(looked_at)}" if looked_at else "")


def _kept(item: dict[str, Any]) -> str:
    days, least, most = (item.get(f"keep_{rule}") for rule in ("days", "min", "max"))
    said = [] if days is None else [f"{days} days" if days else "for ever"]
    said += [] if least is None else [f"at least {least}"]
    said += [] if most is None else [f"at most {most}" if most else "no limit"]
    return ", ".join(said) or "as the server's settings say"
