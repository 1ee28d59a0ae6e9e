"""Podman's and the runtimes' words about programs that can not be executed, as they were seen."""

import pytest

from tisktask_runner.engine.model import NotStarted
from tisktask_runner.engine.start_errors import not_executed, not_started

RUNC = "runc: runc create failed: unable to start container process: exec: "
MISSING_LIBRARY = (
    '{"msg":"exec container process (missing dynamic library?) `/w/program`: No such file or directory",'
    '"level":"error","time":"2026-01-01"}'
)
NOT_FOUND = ": OCI runtime attempted to invoke a command that was not found"


@pytest.mark.parametrize(
    ("cause", "exit_code", "message"),
    [
        (RUNC + '"/nope": stat /nope: no such file or directory' + NOT_FOUND, 127, "/nope: not found in the image"),
        (RUNC + '"nope": executable file not found in $PATH' + NOT_FOUND, 127, "nope: not found in the image"),
        (
            RUNC + '"/etc/passwd": permission denied: OCI permission denied',
            126,
            "/etc/passwd: is a directory or not executable",
        ),
        (
            "crun: executable file `/nope` not found: No such file or directory" + NOT_FOUND,
            127,
            "/nope: not found in the image",
        ),
        (
            "crun: open executable: Permission denied: OCI permission denied",
            126,
            "the program: is a directory or not executable",
        ),
        ('workdir "/no/dir" does not exist on container c6', 127, "the working directory /no/dir does not exist"),
        ('workdir "/etc/passwd" exists on container 0b, but is not a directory', 126, "/etc/passwd is no directory"),
        ("unable to find user nobodyx: no matching entries in passwd file", 126, "the image has no user nobodyx"),
    ],
)
def test_a_program_that_can_not_be_executed_is_the_users_matter(cause: str, exit_code: int, message: str) -> None:
    assert not_started(cause) == NotStarted(exit_code, message)


@pytest.mark.parametrize(
    "cause",
    [
        "starting some containers: internal libpod error",
        "netavark: iptables: No chain/target/match by that name",
        "crun: cgroups in hybrid mode not supported, drop all controllers from cgroupv2: OCI runtime error",
        "runc: runc create failed: unable to start container process: error setting rlimit type 7: operation not permitted: OCI permission",
        "",
    ],
)
def test_a_failing_engine_is_not_the_users_matter(cause: str) -> None:
    assert not_started(cause) is None


@pytest.mark.parametrize(
    ("line", "exit_code"),
    [
        ("exec /w/program: no such file or directory", 127),
        ("exec /w/program: exec format error", 126),
        ('{"msg":"exec container process `/w/program`: Exec format error","level":"error","time":"2026-01-01"}', 126),
        (MISSING_LIBRARY, 127),
    ],
)
def test_what_the_runtime_wrote_into_the_log_is_recognised(line: str, exit_code: int) -> None:
    outcome = not_executed(1, line)
    assert outcome is not None
    assert outcome.exit_code == exit_code
    assert outcome.message.startswith("/w/program: ")
    assert not_executed(2, line) is None


@pytest.mark.parametrize("line", ["", "hello", "error: exec /w/program: no such file or directory", "exec failed"])
def test_what_the_program_wrote_is_left_alone(line: str) -> None:
    assert not_executed(1, line) is None
