"""The programs of the runs, and what each must have written: every line is known beforehand. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

LONG_SECONDS = 10
CHATTY_LINES = 20_000
_CHATTY_PARTS = 10

#: A program goes on when the test has seen it: so no start is missed, however short the program is.
_BEGIN = """#!/bin/sh
mark=$(mktemp "$TISKTASK_WORKSPACE/started.XXXXXX") || exit 99
while [ -e "$mark" ]; do sleep 0.05; done
echo "begin $TISKTASK_JOB_ID $TISKTASK_ATTEMPT"
"""


@dataclass(frozen=True)
class Recipe:
    """A program: what it does, how it ends, what it writes behind its first line."""

    name: str
    text: str
    exit_code: int = 0
    lines: Callable[[str], list[str]] = lambda _: []
    #: It goes on until somebody stops it.
    is_endless: bool = False
    #: What it writes depends on the ends of those.
    children: tuple[str, ...] = ()

    def whole_log(self, job: str, attempt: int) -> bytes:
        return "".join(f"{line}\n" for line in [f"begin {job} {attempt}", *self.lines(job)]).encode()


def _ticks(_: str) -> list[str]:
    return [f"tick {number}" for number in range(LONG_SECONDS)]


def _chatter(job: str) -> list[str]:
    return [f"{job} line {number}" for number in range(1, CHATTY_LINES + 1)]


_EACH = CHATTY_LINES // _CHATTY_PARTS
_CHATTY = f"""for part in 0 1 2 3 4 5 6 7 8 9; do
  seq $((part * {_EACH} + 1)) $((part * {_EACH} + {_EACH})) | sed "s/^/$TISKTASK_JOB_ID line /"
  sleep 0.3
done
"""
_SPAWNING = """tisktask-cmd EXECJOB KEY first others/executed > /dev/null
echo "executed $?"
id=$(tisktask-cmd SPAWNJOB KEY second others/pusher)
echo popped $(tisktask-cmd BLPOP items 60)
tisktask-cmd WAITJOB "$id" > /dev/null
echo "waited $?"
"""

RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("short", ":\n"),
        Recipe("long", f"for n in $(seq 0 {LONG_SECONDS - 1}); do echo tick $n; sleep 1; done\n", lines=_ticks),
        Recipe("chatty", _CHATTY, lines=_chatter),
        Recipe("failing", "echo no\nexit 3\n", exit_code=3, lines=lambda _: ["no"]),
        Recipe(
            "endless",
            "n=0; while [ $n -lt 3000 ]; do echo tick $n; n=$((n + 1)); sleep 0.1; done\n",
            lines=lambda _: [f"tick {number}" for number in range(3000)],
            is_endless=True,
        ),
        Recipe(
            "spawning",
            _SPAWNING,
            lines=lambda _: ["executed 0", "popped items hello", "waited 0"],
            children=("executed", "pusher"),
        ),
        Recipe("executed", "echo done\n", lines=lambda _: ["done"]),
        Recipe("pusher", "tisktask-cmd RPUSH items hello\n", lines=lambda _: ["1"]),
    )
}


def files_of(names: tuple[str, ...]) -> dict[str, str]:
    """List the programs of a commit whose push starts these."""
    files: dict[str, str] = {}
    for name in names:
        recipe = RECIPES[name]
        files[f".tisktask/push/{name}"] = _BEGIN + recipe.text
        files |= {f".tisktask/others/{child}": _BEGIN + RECIPES[child].text for child in recipe.children}
    return files
