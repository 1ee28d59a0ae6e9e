"""`tisktask runner`: the runners and what they do."""

import math
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from tisktask_cli.api_client import Server, segment
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.find_server import server_of
from tisktask_cli.output import ago, json_option, print_json, print_order, print_table

_POLL_SECONDS = 0.5

_replica_option = click.option("--replica", default="", help="Only this process of the host.")


@click.group("runner")
def command() -> None:
    """List runners, pause and drain them."""


@command.command("list", short_help="List the runner processes.")
@data_dir_option
@json_option
@click.pass_context
def list_runners(context: click.Context, *, data_dir: Path | None, as_json: bool) -> None:
    """List the runner processes: their host, their slots, and whether they are alive.

    Jobs that wait for others lend their slots: a runner may have more jobs than slots.
    """
    page = server_of(context, data_dir).get("/runners")
    if as_json:
        print_json(page)
        return
    rows = [
        [
            runner["runner"],
            runner["replica"],
            _condition(runner),
            f"{runner['busy'] or 0}/{runner['slots']}",
            str(runner["waiting"]),
            " ".join(runner["labels"]) or "-",
            ago(runner["last_seen_at"]),
            runner["version"] or "-",
            runner["engine"] or "-",
        ]
        for runner in page["items"]
    ]
    header = ["host", "replica", "state", "busy", "waiting", "labels", "seen", "version", "engine"]
    print_table(header, rows, "no runners")
    for runner in page["items"]:
        if runner.get("problem"):
            print(f"{runner['runner']} {runner['replica']}: {runner['problem']}")


@command.command("pause", short_help="Let a host take no new jobs.")
@click.argument("host")
@_replica_option
@data_dir_option
@json_option
@click.pass_context
def pause(context: click.Context, host: str, *, replica: str, data_dir: Path | None, as_json: bool) -> int:
    """Let a host take no new jobs, until `resume`; what runs there goes on. A restart does not change that."""
    return print_order(_order(server_of(context, data_dir), host, replica, "pause"), as_json=as_json)


@command.command("resume")
@click.argument("host")
@_replica_option
@data_dir_option
@json_option
@click.pass_context
def resume(context: click.Context, host: str, *, replica: str, data_dir: Path | None, as_json: bool) -> int:
    """Let a host take jobs again."""
    return print_order(_order(server_of(context, data_dir), host, replica, "resume"), as_json=as_json)


@command.command("drain")
@click.argument("host")
@_replica_option
@click.option("--timeout", "seconds_max", type=click.FloatRange(min=0), help="Give up waiting after so many seconds.")
@data_dir_option
@json_option
@click.pass_context
def drain(
    context: click.Context,
    host: str,
    *,
    replica: str,
    seconds_max: float | None,
    data_dir: Path | None,
    as_json: bool,
) -> int:
    """Pause a host and wait until nothing runs there any more. It stays paused, also if you stop waiting."""
    server = server_of(context, data_dir)
    _order(server, host, replica, "pause")
    deadline = time.monotonic() + seconds_max if seconds_max is not None else math.inf
    said = ""
    while not _is_drained(found := _alive(server, host, replica)):
        if (progress := _progress(host, found)) != said and not as_json:
            print(progress, flush=True)
            said = progress
        if time.monotonic() > deadline:
            raise CommandError(f"{host} is paused, and jobs still run there")
        time.sleep(_POLL_SECONDS)
    if as_json:
        print_json({"runner": host, "is_drained": True, "replicas": [runner["replica"] for runner in found]})
    else:
        print(f"{host} is drained: nothing runs there" if found else f"{host} is paused; none of it is alive")
    return Exit.DONE


def _order(server: Server, host: str, replica: str, verb: str) -> dict[str, Any]:
    return server.post(f"/runners/{segment(host)}/{verb}?{urlencode({'replica': replica})}")


def _alive(server: Server, host: str, replica: str) -> list[dict[str, Any]]:
    runners = server.get("/runners")["items"]
    return [
        runner
        for runner in runners
        if runner["is_alive"] and runner["runner"] == host and replica in {"", runner["replica"]}
    ]


def _is_drained(runners: list[dict[str, Any]]) -> bool:
    """Whether all have said that they take nothing and that nothing runs; those that are not alive have lost theirs."""
    return all(runner["is_drained"] for runner in runners)


def _progress(host: str, runners: list[dict[str, Any]]) -> str:
    jobs = sum(runner["busy"] or 0 for runner in runners)
    # Children that no other host takes keep their parent waiting, and the host from being drained.
    waiting = sum(runner["waiting"] for runner in runners)
    which = f" ({waiting} of them wait{'s' if waiting == 1 else ''} for other jobs)" if waiting else ""
    return f"{host} is paused: {jobs} job{' runs' if jobs == 1 else 's run'} there{which}"


def _condition(runner: dict[str, Any]) -> str:
    if not runner["is_alive"]:
        return "lost"
    if runner["is_paused"]:
        return "paused"
    if runner["is_draining"]:
        return "draining"
    return "in trouble" if runner.get("problem") else "alive"
