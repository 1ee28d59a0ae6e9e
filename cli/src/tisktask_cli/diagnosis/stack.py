"""Is the stack of a data directory well: its processes, its bus, its database, its runners."""

import asyncio

import psycopg

from tisktask_cli.api_client import Server
from tisktask_cli.diagnosis.bus import check_bus
from tisktask_cli.diagnosis.finding import Finding, ok, problem, warning
from tisktask_cli.diagnosis.retention import check_retention
from tisktask_cli.errors import CommandError
from tisktask_cli.stack import description
from tisktask_cli.stack.description import Description
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.lock import is_running
from tisktask_cli.stack.ports import HOST, PortBook, find_listener, is_free
from tisktask_cli.stack.readiness import ask

_LOG = "the lines of `{}` in the output of `tisktask up` say more"


async def check_stack(layout: Layout) -> list[Finding]:
    found = description.read(layout)
    if found is None or not is_running(layout):
        return [
            ok("stack", f"no Tisktask runs on {layout.root}"),
            _check_port("pages port", 4000, "--port"),
            _check_port("webhook port", 4001, "--ingest-port"),
        ]
    health = _health(layout, found)
    services = await asyncio.gather(*(_check_service(name, at) for name, at in health.items()))
    return [
        ok("stack", f"runs on {layout.root}: {found.url}, webhooks {found.ingest_url}"),
        *services,
        *await check_bus(layout, found),
        await _check_database(found),
        await check_retention(health),
        *_check_runners(Server(found.url, layout.admin_token.read_text().strip())),
    ]


async def check_server(server: Server) -> list[Finding]:
    """Look at a server on another machine, as far as its API shows it."""
    return _check_runners(server)


def _health(layout: Layout, found: Description) -> dict[str, str]:
    """Give address:port of each service's health."""
    fixed = {"logstream": _address(found.url), "ingest": _address(found.ingest_url)}
    book = PortBook(layout.ports)
    return fixed | {name: f"{HOST}:{book.known(name)}" for name in book.names() if name != "nats"}


def _address(url: str) -> str:
    return url.removeprefix("http://")


async def _check_service(name: str, address: str) -> Finding:
    answer = await ask(address)
    if answer.is_ready:
        return ok(name, f"is ready ({address})")
    return problem(
        name, f"is not ready: waits for {', '.join(answer.waiting_for) or 'its own work'}", _LOG.format(name)
    )


async def _check_database(found: Description) -> Finding:
    try:
        async with await psycopg.AsyncConnection.connect(found.database_url, connect_timeout=5) as connection:
            cursor = await connection.execute("SELECT version(), pg_size_pretty(pg_database_size(current_database()))")
            row = await cursor.fetchone()
    except psycopg.Error as error:
        return problem("postgres", str(error).strip().splitlines()[0], _LOG.format("postgres"))
    version, size = row or ("", "")
    return ok("postgres", f"{str(version).split(' on ')[0]}, {size}")


def _check_runners(server: Server) -> list[Finding]:
    try:
        runners = server.get("/runners")["items"]
    except CommandError as error:
        return [problem("api", str(error), _LOG.format("logstream"))]
    alive = [runner for runner in runners if runner["is_alive"]]
    if not alive:
        return [problem("runners", "none is alive: jobs wait", _LOG.format("runner-1"))]
    if troubles := [f"{one['runner']} {one['replica']}: {one['problem']}" for one in alive if one.get("problem")]:
        return [problem("runners", "; ".join(troubles), _LOG.format("engine"))]
    slots = sum(runner["slots"] for runner in alive)
    if all(runner["is_draining"] for runner in alive):
        return [
            warning(
                "runners",
                "all are draining or paused: they take no new jobs",
                "resume them (`tisktask runner resume`), start others, or wait for their restart",
            )
        ]
    waiting = sum(runner["waiting"] for runner in alive)
    labels = sorted({label for runner in alive for label in runner["labels"]})
    said = [f"{len(alive)} alive", f"{slots} jobs at once"]
    said += [f"{waiting} wait for others and lend their slots"] if waiting else []
    said += [f"labels: {' '.join(labels)}"] if labels else []
    return [ok("runners", ", ".join(said))]


def _check_port(check: str, port: int, flag: str) -> Finding:
    if is_free(HOST, port):
        return ok(check, f"{port} is free")
    holder = find_listener(port)
    who = f"process {holder[0]} ({holder[1]})" if holder else "another process"
    return warning(check, f"{port} is taken by {who}", f"stop it, or start with `tisktask up {flag}` and another port")
