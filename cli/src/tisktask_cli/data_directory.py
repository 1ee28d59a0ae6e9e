"""Which data directory a command means when it is not told."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from tisktask_cli.errors import CommandError, Exit
from tisktask_cli.stack.description import known_data_directories
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.lock import is_running

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def data_dir_option(command: CommandT) -> CommandT:
    """Add `--data-dir`."""
    return click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        help="Data directory of the stack.  [env: TISKTASK_DATA_DIR]",
    )(command)


def chosen_data_directory(given: Path | None) -> Path | None:
    """Say which data directory the user has named: by the option, or by the environment."""
    from_environment = os.environ.get("TISKTASK_DATA_DIR")
    return given or (Path(from_environment) if from_environment else None)


def default_data_directory() -> Path:
    """Where `tisktask up` keeps its data if it is not told: in the checkout that it runs from, else with the user's."""
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "Makefile").is_file() and (checkout / "cli").is_dir() and os.access(checkout, os.W_OK):
        return checkout / "data"
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "tisktask"


def find_data_directory() -> Path:
    """Find the stack that is meant without a word: the default one, or the only one of this user that runs."""
    default = default_data_directory()
    if is_running(Layout.of(default)):
        return default
    running = [root for root in known_data_directories() if is_running(Layout.of(root))]
    if len(running) > 1:
        roots = ", ".join(map(str, running))
        raise CommandError(f"several stacks are running ({roots}): say which one with --data-dir", Exit.USAGE)
    return running[0] if running else default
