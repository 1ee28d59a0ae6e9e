"""What commands print: tables and lines for people, JSON for programs, colours on a terminal only."""

import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from tisktask_cli.errors import Exit

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_COLOURS = {
    "succeeded": "green",
    "failed": "red",
    "errored": "magenta",
    "timed_out": "red",
    "cancelled": "yellow",
    "awaiting_approval": "yellow",
    "running": "blue",
    "preparing": "blue",
    "starting": "blue",
    "alive": "green",
    "lost": "red",
    "draining": "yellow",
    "paused": "yellow",
    "ok": "green",
    "problem": "red",
    "warning": "yellow",
}


def json_option(command: CommandT) -> CommandT:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], none: str = "") -> None:
    """Print aligned columns, states in colour; without rows what is said then."""
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [header, *cells]) for column in range(len(header))]
    if not rows:
        if none:
            print(none)
        return
    print(_dim("  ".join(word.upper().ljust(width) for word, width in zip(header, widths, strict=True)).rstrip()))
    for row in cells:
        print("  ".join(state(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip())


def state(word: str, width: int = 0) -> str:
    """Colour a state; other words stay as they are."""
    padded = word.ljust(width)
    return click.style(padded, fg=_COLOURS[word]) if word in _COLOURS and has_colours() else padded


def has_colours() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def ago(moment: str | None) -> str:
    """Say how long ago a moment of the API was."""
    if not moment:
        return "-"
    return f"{_span((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds())} ago"


def lasted(start: str | None, end: str | None) -> str:
    """Say how long something took, or takes by now."""
    if not start:
        return "-"
    until = datetime.fromisoformat(end) if end else datetime.now(UTC)
    seconds = (until - datetime.fromisoformat(start)).total_seconds()
    return f"{seconds:.1f}s" if seconds < 10 else _span(seconds)


def _span(seconds: float) -> str:
    seconds = max(0, int(seconds))
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3600:
        return f"{seconds // 60}m{seconds % 60:02d}s"
    if seconds < 86_400:
        return f"{seconds // 3600}h{seconds % 3600 // 60:02d}m"
    return f"{seconds // 86_400}d"


def printable(text: str) -> str:
    """Take away what could move the cursor: titles and names come from outside."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _dim(text: str) -> str:
    return click.style(text, dim=True) if has_colours() else text


def print_order(done: dict[str, Any], *, as_json: bool, otherwise: str = "it had ended before") -> int:
    """Print whether an order took effect."""
    if as_json:
        print_json(done)
    else:
        print("done" if done["accepted"] else f"not done: {done['reason'] or otherwise}")
    return Exit.DONE if done["accepted"] else Exit.FAILED
