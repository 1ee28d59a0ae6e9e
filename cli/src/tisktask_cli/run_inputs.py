"""Inputs of a run as options of a command: --input KEY=VALUE, as often as needed."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from tisktask_cli.errors import CommandError, Exit

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def input_option(command: CommandT) -> CommandT:
    """Add `--input`."""
    return click.option(
        "--input",
        "inputs",
        multiple=True,
        metavar="KEY=VALUE",
        help="Jobs see it as TISKTASK_INPUT_KEY; everybody who can see the run sees it too: no secrets.",
    )(command)


def read_inputs(given: Sequence[str]) -> dict[str, str]:
    """Read the options' values. What names and values may be is the server's to say."""
    inputs: dict[str, str] = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise CommandError(f"--input {text!r}: KEY=VALUE is expected", Exit.USAGE)
        if name in inputs:
            raise CommandError(f"--input {name} was given twice", Exit.USAGE)
        inputs[name] = value
    return inputs
