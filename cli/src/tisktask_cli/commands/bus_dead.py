"""`tisktask bus dead`: messages that could not be handled: list, show, handle once more, drop."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import nats.errors
import nats.js.errors

from tisktask_cli.bus_access import bus_settings
from tisktask_cli.data_directory import data_dir_option
from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.output import ago, json_option, print_json, print_table, printable
from tisktask_common.bus.connection import Bus, connect
from tisktask_common.bus.dead_letters import (
    DeadLetter,
    drop_dead_letter,
    list_dead_letters,
    read_dead_letter,
    replay_dead_letter,
)
from tisktask_common.errors import TisktaskError

ResultT = TypeVar("ResultT")

_CONNECT_SECONDS_MAX = 10.0
_ERROR_CHARS_MAX = 80
_BODY_BYTES_MAX = 16 * 1024


@click.group("dead")
def dead() -> None:
    """Messages that could not be handled. They lie in the stream DEAD for 30 days."""


@dead.command("list")
@data_dir_option
@json_option
@click.pass_context
def list_letters(context: click.Context, *, data_dir: Path | None, as_json: bool) -> None:
    """List them, oldest first."""

    async def work(bus: Bus) -> list[dict[str, Any]]:
        return [_described(letter) async for letter in list_dead_letters(bus)]

    items = _on_bus(data_dir or context.obj, work)
    if as_json:
        print_json({"items": items})
        return
    columns = ["sequence", "buried_at", "stream", "consumer", "subject", "deliveries", "bytes", "error"]
    print_table(
        ["sequence", "when", "stream", "consumer", "subject", "tries", "bytes", "error"],
        [[_cell(column, item[column]) for column in columns] for item in items],
        "nothing: all messages could be handled",
    )


@dead.command("show", short_help="Show one of them, with its content.")
@click.argument("sequence", type=click.IntRange(min=1))
@data_dir_option
@json_option
@click.pass_context
def show(context: click.Context, sequence: int, *, data_dir: Path | None, as_json: bool) -> None:
    """Show one of them: what is known about it, and its content (at most 16 KiB)."""

    async def work(bus: Bus) -> DeadLetter:
        return await _found(bus, sequence)

    letter = _on_bus(data_dir or context.obj, work)
    described = _described(letter) | {
        "stream_sequence": letter.stream_sequence,
        "message_id": letter.message_id,
        "headers": letter.headers,
    }
    if as_json:
        print_json(described | {"body": _body(letter), "is_cut": len(letter.data) > _BODY_BYTES_MAX})
        return
    for name, value in described.items():
        print(f"{name.replace('_', ' '):16}  {printable(str('-' if value is None else value))}")
    body = _body(letter)
    text = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
    print()
    print("\n".join(printable(line) for line in text.splitlines()))
    if len(letter.data) > _BODY_BYTES_MAX:
        print(f"... the first {_BODY_BYTES_MAX} of {len(letter.data)} bytes")


@dead.command("replay")
@click.argument("sequence", type=click.IntRange(min=1), required=False)
@click.option("--all", "is_all", is_flag=True, help="All that lie there now.")
@data_dir_option
@json_option
@click.pass_context
def replay(context: click.Context, sequence: int | None, *, is_all: bool, data_dir: Path | None, as_json: bool) -> None:
    """Give one to its consumer once more. If it fails again, it comes back under a new sequence."""
    _require_choice(sequence, is_all=is_all)

    async def work(bus: Bus) -> int:
        count = 0
        async for letter in _chosen(bus, sequence):
            await replay_dead_letter(bus, letter)
            count += 1
        return count

    count = _on_bus(data_dir or context.obj, work)
    _print_count("replayed", count, as_json=as_json)


@dead.command("drop")
@click.argument("sequence", type=click.IntRange(min=1), required=False)
@click.option("--all", "is_all", is_flag=True, help="All that lie there now.")
@click.option("--yes", is_flag=True, help="You mean it: what is dropped can not be had back.")
@data_dir_option
@json_option
@click.pass_context
def drop(
    context: click.Context, sequence: int | None, *, is_all: bool, yes: bool, data_dir: Path | None, as_json: bool
) -> None:
    """Delete one for good."""
    _require_choice(sequence, is_all=is_all)
    if is_all and not yes:
        raise CommandError("this deletes all dead letters for good: say --yes if you mean it", Exit.USAGE)

    async def work(bus: Bus) -> int:
        return sum([await drop_dead_letter(bus, letter.sequence) async for letter in _chosen(bus, sequence)])

    count = _on_bus(data_dir or context.obj, work)
    _print_count("dropped", count, as_json=as_json)


def _on_bus(data_dir: Path | None, work: Callable[[Bus], Awaitable[ResultT]]) -> ResultT:
    settings, _ = bus_settings(data_dir)

    async def connected() -> ResultT:
        async with asyncio.timeout(_CONNECT_SECONDS_MAX):
            bus = await connect(settings, "admin")
        try:
            return await work(bus)
        finally:
            await bus.close()

    try:
        return asyncio.run(connected())
    except (TimeoutError, nats.errors.Error) as error:
        if isinstance(error, nats.js.errors.APIError):
            raise CommandError(f"the bus refuses: {error.description}") from error
        says = f"the bus at {settings.nats_url} does not answer; the user must be the provisioning one (admin)"
        raise CommandError(says, Exit.UNREACHABLE) from error
    except TisktaskError as error:
        raise CommandError(error.message) from error


async def _chosen(bus: Bus, sequence: int | None) -> AsyncIterator[DeadLetter]:
    if sequence is not None:
        yield await _found(bus, sequence)
        return
    async for letter in list_dead_letters(bus):
        yield letter


async def _found(bus: Bus, sequence: int) -> DeadLetter:
    letter = await read_dead_letter(bus, sequence)
    if letter is None:
        raise CommandError(
            f"there is no dead letter {sequence}: `tisktask bus dead list` shows what there is", Exit.USAGE
        )
    return letter


def _require_choice(sequence: int | None, *, is_all: bool) -> None:
    if (sequence is None) != is_all:
        raise CommandError("say which one: a sequence of `tisktask bus dead list`, or --all", Exit.USAGE)


def _described(letter: DeadLetter) -> dict[str, Any]:
    return {
        "sequence": letter.sequence,
        "buried_at": letter.buried_at.isoformat(),
        "stream": letter.stream,
        "consumer": letter.consumer,
        "subject": letter.subject,
        "error": letter.error,
        "deliveries": letter.deliveries,
        "bytes": len(letter.data),
    }


def _cell(column: str, value: Any) -> str:
    if column == "buried_at":
        return ago(value)
    text = "-" if value is None else str(value)
    return text if len(text) <= _ERROR_CHARS_MAX else f"{text[: _ERROR_CHARS_MAX - 3]}..."


def _body(letter: DeadLetter) -> Any:
    """Give the content as JSON if it is that and not too long, else as text."""
    if len(letter.data) <= _BODY_BYTES_MAX:
        try:
            return json.loads(letter.data)
        except ValueError:
            # Not JSON, as logs are not.
            return letter.data.decode(errors="backslashreplace")
    return letter.data[:_BODY_BYTES_MAX].decode(errors="backslashreplace")


def _print_count(verb: str, count: int, *, as_json: bool) -> None:
    if as_json:
        print_json({verb: count})
    else:
        print(f"{verb} {count} message{'' if count == 1 else 's'}")
