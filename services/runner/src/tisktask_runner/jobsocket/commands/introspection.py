"""What the socket tells about itself: HELP for people, COMMAND for their clients, INFO."""

import re
from collections.abc import Callable, Coroutine
from itertools import groupby
from typing import Any

from tisktask_common.resp import Pairs, Reply, Simple
from tisktask_runner.jobsocket import words
from tisktask_runner.jobsocket.command import Command, CommandTable, Session
from tisktask_runner.jobsocket.version import VERSION

#: What clients understand that look at Redis's version.
_REDIS_VERSION = "7.0.0"
_GROUPS = ["jobs", "containers", "data", "messages", "locks", "page", "run", "connection"]
_USAGE_WIDTH_MAX = 44
#: A word, or something in brackets with brackets in it.
_SYNTAX_WORD = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]|\S+")


class Introspection:
    """Knows all commands of a socket."""

    def __init__(self, facts: dict[str, str], count_connections: Callable[[], int]) -> None:
        self.table = CommandTable({})
        self._facts = facts
        self._count_connections = count_connections

    def commands(self) -> list[Command]:
        return [
            _command("HELP", self._help, "[command]", "Explain a command, or list them all."),
            _command("COMMAND", self._command, "[COUNT|LIST|INFO|DOCS [command ...]]", "Describe commands to clients."),
            _command("INFO", self._info, "[section ...]", "Tell about the socket and its job."),
        ]

    async def _help(self, _session: Session, arguments: list[bytes]) -> Reply:
        if not arguments:
            return [line.encode() for line in self._overview()]
        command = self.table.find(arguments[0])
        if command is None:
            return words.no_such_help(arguments[0], list(self.table.commands))
        lines = [command.usage(), f"  {command.summary}"]
        lines += [f"  For example: {line}" for line in command.example.splitlines()[:1]]
        return [line.encode() for line in lines]

    def _overview(self) -> list[str]:
        lines = ["Commands of this job's socket. HELP <command> tells more."]
        ordered = sorted(self.table.commands.values(), key=lambda command: (_group_order(command.group), command.name))
        for group, commands in groupby(ordered, lambda command: command.group):
            lines += ["", f"{group}:"]
            lines += [f"  {_cut(command.usage()):<{_USAGE_WIDTH_MAX}}  {command.summary}" for command in commands]
        return lines

    async def _command(self, _session: Session, arguments: list[bytes]) -> Reply:
        subcommand = arguments[0].upper() if arguments else b"INFO"
        names = arguments[1:]
        match subcommand:
            case b"COUNT":
                return len(self.table.commands)
            case b"LIST":
                return [name.lower().encode() for name in self.table.commands]
            case b"INFO":
                return [command and _describe(command) for command in self._named(names)]
            case b"DOCS":
                return Pairs([(_name(command), _document(command)) for command in self._named(names) if command])
            case _:
                return words.unknown_subcommand("COMMAND", arguments[0], ["COUNT", "LIST", "INFO", "DOCS"])

    def _named(self, names: list[bytes]) -> list[Command | None]:
        return [self.table.find(name) for name in names] if names else list(self.table.commands.values())

    async def _info(self, _session: Session, arguments: list[bytes]) -> Reply:
        wanted = {argument.decode("utf-8", "replace").lower() for argument in arguments}
        sections = {
            "Server": {"redis_version": _REDIS_VERSION, "redis_mode": "standalone", "tisktask_version": VERSION},
            "Clients": {"connected_clients": str(self._count_connections())},
            "Tisktask": self._facts,
        }
        is_all = not wanted or wanted & {"all", "default", "everything"}
        shown = [(title, facts) for title, facts in sections.items() if is_all or title.lower() in wanted]
        text = "\r\n".join(
            f"# {title}\r\n" + "".join(f"{name}:{value}\r\n" for name, value in facts.items()) for title, facts in shown
        )
        return text.encode()


def _command(
    name: str, handler: Callable[[Session, list[bytes]], Coroutine[Any, Any, Reply]], syntax: str, summary: str
) -> Command:
    return Command(name, handler, -1, "connection", syntax, summary, is_immediate=True)


def _group_order(group: str) -> int:
    return _GROUPS.index(group) if group in _GROUPS else len(_GROUPS)


def _cut(usage: str) -> str:
    return usage if len(usage) <= _USAGE_WIDTH_MAX else usage[: _USAGE_WIDTH_MAX - 3] + "..."


def _name(command: Command) -> bytes:
    return command.name.lower().encode()


def _describe(command: Command) -> Reply:
    """Describe a command as Redis's COMMAND does: name, arity, flags, keys, categories, and three that are empty."""
    flags: list[Reply] = [Simple("blocking")] if command.is_blocking else []
    key = 1 if command.is_data and command.syntax.startswith("key") else 0
    return [_name(command), command.arity, flags, key, key, key, [Simple(f"@{command.group}")], [], [], []]


def _document(command: Command) -> Reply:
    """Describe a command as COMMAND DOCS does. redis-cli makes its own HELP and its hints of it."""
    summary = command.summary
    if command.example:
        summary += f" For example: {command.example.splitlines()[0]}"
    return Pairs(
        [
            (b"summary", summary.encode()),
            (b"since", VERSION.encode()),
            (b"group", command.group.encode()),
            (b"arguments", [_argument(word) for word in _SYNTAX_WORD.findall(command.syntax)]),
        ]
    )


def _argument(word: str) -> Reply:
    is_optional = word.startswith("[") and word.endswith("]")
    name = (word[1:-1] if is_optional else word).encode()
    # redis-cli ends itself if they are not statuses.
    flags: list[Reply] = [Simple("optional")] if is_optional else []
    return Pairs([(b"name", name), (b"type", b"string"), (b"display_text", name), (b"flags", flags)])
