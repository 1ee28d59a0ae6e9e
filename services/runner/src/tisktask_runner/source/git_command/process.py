"""Runs git: in a session of its own, without settings, hooks, prompts or protocols of anybody else's."""

import os
import resource
import selectors
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, cast

from tisktask_runner.source.git_command.errors import GitCommandError

GIT = "git"
POLL_SECONDS = 0.05
#: Between SIGTERM, on which git removes what it has begun, and SIGKILL.
GRACE_SECONDS = 5.0
OUTPUT_BYTES_MAX, ERROR_BYTES_MAX = 64_000_000, 64_000
_PIECE_BYTES = 65_536
_CONFIG = Path(__file__).with_name("gitconfig")
_ENVIRONMENT = {
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": str(_CONFIG),
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    # Whoever asks for a transfer names the one that it needs.
    "GIT_ALLOW_PROTOCOL": "none",
}
#: What an administrator says about the way to the forge.
_PASSED_ON = (
    *("PATH", "TMPDIR"),
    *("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
)

#: Looks at what git has said so far; raises to end it.
Watch = Callable[[bytes], None]


@dataclass(frozen=True)
class GitOrder:
    """One call of git."""

    arguments: tuple[str, ...]
    git_dir: Path | None = None
    cwd: Path = Path("/")
    more: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    #: No file that it writes may become larger.
    file_bytes_max: int | None = None


def is_installed() -> bool:
    return shutil.which(GIT) is not None


@dataclass(frozen=True)
class GitProcess:
    """Git at work, and what it says."""

    process: "subprocess.Popen[bytes]"
    output: IO[bytes]
    errors: IO[bytes]


def run_git(order: GitOrder, watch: Watch, stdin: bytes = b"") -> bytes:
    """Run it to its end and return its output; raises GitCommandError with what it said, and what `watch` raises."""
    with tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        git = start_git(order, given)
    try:
        output, said = _read(git, watch)
        exit_code = _await_end(git.process, partial(watch, said))
    finally:
        stop_git(git)
    if exit_code != 0:
        text = said.decode("utf-8", "backslashreplace").strip() or f"git ended with exit code {exit_code}"
        raise GitCommandError(text, exit_code)
    return output


def start_git(order: GitOrder, stdin: IO[bytes] | int) -> GitProcess:
    """Start it, with pipes for what it says."""
    process = subprocess.Popen(
        [GIT, *order.arguments],
        env=_environment(order),
        cwd=order.cwd,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # Python ignores the signal of a file that becomes too large: so does git then, and says it in words.
        restore_signals=False,
    )
    if order.file_bytes_max is not None:
        _limit_files(process.pid, order.file_bytes_max)
    return GitProcess(process, cast("IO[bytes]", process.stdout), cast("IO[bytes]", process.stderr))


def stop_git(git: GitProcess) -> None:
    """End it and all that it has started; nothing if it has ended by itself."""
    for stream in (git.process.stdin, git.output, git.errors):
        if stream:
            # What was not read by git is not missed.
            with suppress(BrokenPipeError):
                stream.close()
    if git.process.poll() is not None:
        return
    _signal(git.process.pid, signal.SIGTERM)
    try:
        git.process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal(git.process.pid, signal.SIGKILL)
        git.process.wait()
    _signal(git.process.pid, signal.SIGKILL)


def _environment(order: GitOrder) -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    place = {"GIT_DIR": str(order.git_dir)} if order.git_dir else {}
    authorities = {"GIT_SSL_CAINFO": os.environ["SSL_CERT_FILE"]} if "SSL_CERT_FILE" in os.environ else {}
    return passed_on | _ENVIRONMENT | place | authorities | dict(order.more)


def _read(git: GitProcess, watch: Watch) -> tuple[bytes, bytes]:
    """Read both streams to their ends; `watch` is called again and again meanwhile."""
    output, said = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(git.output, selectors.EVENT_READ, output)
        selector.register(git.errors, selectors.EVENT_READ, said)
        while selector.get_map():
            for key, _ in selector.select(POLL_SECONDS):
                piece = os.read(key.fd, _PIECE_BYTES)
                key.data.extend(piece)
                if not piece:
                    selector.unregister(key.fileobj)
            if len(output) > OUTPUT_BYTES_MAX:
                raise GitCommandError(f"more than {OUTPUT_BYTES_MAX} bytes came")
            del said[:-ERROR_BYTES_MAX]
            watch(bytes(said))
    return bytes(output), bytes(said)


def _await_end(process: "subprocess.Popen[bytes]", watch: Callable[[], None]) -> int:
    while True:
        try:
            return process.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            watch()


def _limit_files(pid: int, bytes_max: int) -> None:
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (bytes_max, bytes_max))


def _signal(group: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)
