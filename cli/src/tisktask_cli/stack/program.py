"""What the stack runs as a child process, and how a child process is begun."""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from tisktask_cli.stack.kernel import die_with_parent


def _no_environment() -> dict[str, str]:
    return {}


def _no_preparation() -> None:
    return


@dataclass(frozen=True)
class Program:
    """One process of the stack. `environment` is added to our own, made anew at each start; `prepare` runs before."""

    name: str
    command: tuple[str, ...]
    environment: Callable[[], dict[str, str]] = _no_environment
    prepare: Callable[[], None] = _no_preparation
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 8.0

    @property
    def module(self) -> str | None:
        """The Python module that it is, if it is one."""
        return self.command[2] if self.command[:2] == (sys.executable, "-m") else None


def python_module(module: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, *arguments)


@dataclass(frozen=True)
class Started:
    """A process that runs: its id, and the end of the pipe that its output comes from."""

    pid: int
    output: int


def start_by_exec(program: Program) -> Started:
    """Start a program in a session of its own, so that Ctrl-C reaches `tisktask up` alone."""
    environment = {**os.environ, **program.environment()}
    output, write_end = os.pipe2(os.O_CLOEXEC)
    parent = os.getpid()
    # A signal between fork and exec would be answered by our own handlers, in the child.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    pid = os.fork()
    if pid == 0:
        _become(program, environment, write_end, parent)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    os.close(write_end)
    return Started(pid, output)


def settle_child(output: int, parent: int) -> None:
    """Do in a new child what every child of the stack needs: session, life bound to the parent's, output, signals."""
    os.setsid()
    die_with_parent()
    if os.getppid() != parent:  # it died before it was tied
        os._exit(1)
    silence = os.open(os.devnull, os.O_RDONLY)
    os.dup2(silence, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _become(program: Program, environment: dict[str, str], output: int, parent: int) -> NoReturn:
    try:
        settle_child(output, parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvpe(program.command[0], program.command, environment)  # noqa: S606 - a list, no shell
    except OSError as error:
        os.write(output, f"{program.command[0]} can not be started: {error.strerror}\n".encode())
    finally:
        os._exit(127)
