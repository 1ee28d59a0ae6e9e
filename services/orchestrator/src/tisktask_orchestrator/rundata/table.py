"""All data commands by name."""

from tisktask_orchestrator.rundata import hashes, keys, lists, strings
from tisktask_orchestrator.rundata.command import Call, Command

COMMANDS: dict[bytes, Command] = {
    command.name.encode(): command
    for group in (keys.COMMANDS, strings.COMMANDS, hashes.COMMANDS, lists.COMMANDS)
    for command in group
}


def make_call(words: list[bytes]) -> Call:
    """Read a command: its name and its arguments."""
    name, *arguments = words
    return Call(COMMANDS.get(name.lower()), name, arguments)
