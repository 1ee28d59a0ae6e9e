"""The programs of the runs, and what each must have written: every line is known beforehand. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

LONG_SECONDS = 10
CHATTY_LINES = 20_000
_CHATTY_PARTS = 10
#: Of containers beside jobs. On the host before the first push: no registry is asked.
IMAGE_BESIDE = "docker.io/library/busybox:latest"

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
    #: As its header comment says: further attempts, after this exit code, or also after the loss of its host.
    retries: int = 0
    retry_code: int | None = None
    retry_on_lost: bool = False
    #: Programs of the same run with which it shares a lock: if one of them is given up, it may leave something.
    shares_with: tuple[str, ...] = ()
    #: Names of containers beside it, and what each prints.
    containers: tuple[tuple[str, bytes], ...] = ()

    @property
    def depends_on_others(self) -> bool:
        return bool(self.children or self.shares_with)

    def may_follow(self, state: str, exit_code: int | None) -> bool:
        """Tell whether another attempt may come after one that has begun and ended so."""
        is_asked_for = (state == "failed" and exit_code == self.retry_code) or (
            state == "errored" and self.retry_on_lost
        )
        return self.retries > 0 and is_asked_for

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
#: Fails in its first attempt.
_MOODY = """# tisktask: retries=2 on=75
echo moody
[ "$TISKTASK_ATTEMPT" -ge 2 ] || exit 75
"""
_STUBBORN = f"""# tisktask: retries=2 on=lost
for n in $(seq 0 {LONG_SECONDS - 1}); do echo tick $n; sleep 1; done
"""
_BESIDE = f"""tisktask-cmd SPAWNCONTAINER NAME web WAITPORT 8080 {IMAGE_BESIDE} \\
  CMD sh -c 'mkdir -p /srv; echo hello > /srv/index.html; echo serving; exec httpd -f -p 8080 -h /srv'
wget -qO- http://localhost:8080/
"""
#: Whoever holds the lock is alone: the key is free.
_LOCKING = """tisktask-cmd LOCK turn WAIT 600
tisktask-cmd SETNX holder x
sleep 0.5
tisktask-cmd DEL holder
tisktask-cmd UNLOCK turn
"""


def _alone(_: str) -> list[str]:
    return ["OK", "1", "1", "OK"]


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
        Recipe("moody", _MOODY, lines=lambda _: ["moody"], retries=2, retry_code=75),
        Recipe("stubborn", _STUBBORN, lines=_ticks, retries=2, retry_on_lost=True),
        Recipe("beside", _BESIDE, lines=lambda _: ["web", "hello"], containers=(("web", b"serving\n"),)),
        Recipe("locking-1", _LOCKING, lines=_alone, shares_with=("locking-2",)),
        Recipe("locking-2", _LOCKING, lines=_alone, shares_with=("locking-1",)),
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
