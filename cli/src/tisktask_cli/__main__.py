"""The command `tisktask`: finds the command's module, runs it, turns errors into one line and an exit code."""

import importlib
import os
import sys
from pathlib import Path

import click

from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.output import printable

#: Command -> what it is for; its module `commands/<name>.py` is imported only when it is used.
_COMMANDS = {
    "up": "Run the whole of Tisktask on this machine.",
    "trigger": "Run the jobs of a repository, with inputs.",
    "schedule": "Run jobs at certain times: add, list, pause, resume, run and remove schedules.",
    "repo": "Add repositories with their webhooks, one or all of an owner; list, check, change and remove them.",
    "run": "List, show, approve, cancel, re-run and delete runs.",
    "job": "Show, cancel and re-run jobs.",
    "logs": "Print a job's log, of any attempt, whole or as it grows.",
    "runner": "List, pause, drain and resume runners.",
    "retention": "Show which runs, triggers and logs would be deleted now, and what the others are kept for.",
    "doctor": "Find out what is wrong, and what to do about it.",
    "db": "Migrate, inspect and reset the database.",
    "bus": "Set up the message bus and its users; see to dead messages.",
}
_SERVERS = {
    "this machine": "The stack of --data-dir, of TISKTASK_DATA_DIR, or the one that runs here.",
    "another": "Set TISKTASK_URL, and TISKTASK_TOKEN or TISKTASK_TOKEN_FILE.",
}
_EXIT_CODES = {
    "0": "Done.",
    "1": "It was not done, or what was asked about has not succeeded.",
    "2": "The command was wrong, or what it names is not there.",
    "3": "The server can not be reached.",
}


class LazyGroup(click.Group):
    """Lists all commands, imports one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        _ = ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        _ = ctx
        if cmd_name not in _COMMANDS:
            return None
        return importlib.import_module(f"tisktask_cli.commands.{cmd_name}").command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _ = ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _ = ctx
        with formatter.section("Which server"):
            formatter.write_dl(list(_SERVERS.items()))
        with formatter.section("Exit codes"):
            formatter.write_dl(list(_EXIT_CODES.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Data directory of the stack that is meant.  [env: TISKTASK_DATA_DIR]",
)
@click.version_option(package_name="tisktask-cli", prog_name="tisktask")
@click.pass_context
def tisktask(context: click.Context, data_dir: Path | None) -> None:
    """Tisktask: self-hosted CI/CD without YAML."""
    context.obj = data_dir


def main() -> None:
    """Run the command; every error that is not a bug ends as one line on standard error."""
    try:
        code = tisktask.main(standalone_mode=False)
    except CommandError as error:
        _fail(str(error), error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.USAGE)
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted", 130)
    except BrokenPipeError:
        # Nobody reads any more (`tisktask run list | head`); Python must not complain at its end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    else:
        sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> None:
    # A forge's words may be in it.
    said = "\n".join(printable(line) for line in message.split("\n"))
    print(f"tisktask: {said}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
