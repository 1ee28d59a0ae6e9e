"""The runner tells clients of the data commands, the orchestrator carries them out: both must mean the same ones."""

from tisktask_orchestrator.rundata.table import COMMANDS
from tisktask_runner.jobsocket.commands.data_table import IMMEDIATE, WAITING


def test_what_is_told_is_what_is_done():
    told = {row.name.lower(): row.arity for row in (*IMMEDIATE, *WAITING)}
    assert told == {command.name: command.arity for command in COMMANDS.values()}
