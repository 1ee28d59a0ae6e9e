"""Wrong words, names that are not there, servers that do not answer: a clear sentence and an exit code."""

from pathlib import Path

import pytest

from cli_terminal import Terminal


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "say what to change"),
        (("--priority", "1"), "there is no repository acme/nowhere"),
        (("--priority", "11"), "-10<=x<=10"),
        (("--jobs-max", "0"), "neither a number from 1"),
        (("--jobs-max", "many"), "neither a number from 1"),
        (("--supersede-branches", "maybe"), "maybe"),
    ],
)
def test_wrong_settings_of_a_repository_are_refused(terminal: Terminal, arguments: tuple[str, ...], says: str) -> None:
    assert says in terminal.run("repo", "set", "acme/nowhere", *arguments, code=2).stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("bogus",), "No such command"),
        (("run", "show", "run_nope"), "run_nope"),
        (("run", "cancel", "run_nope"), "no run run_nope"),
        (("run", "rerun", "run_nope"), "no run run_nope"),
        (("job", "show", "job_nope"), "no job job_nope"),
        (("job", "cancel", "job_nope"), "no job job_nope"),
        (("logs", "job_nope", "--attempt", "2"), "no job job_nope"),
        (("repo", "show", "a/nope"), "there is no repository a/nope"),
        (("repo", "set", "a/nope", "--priority", "1"), "there is no repository a/nope"),
        (("runner", "pause", "nope"), "runner nope is not known"),
        (("runner", "resume", "nope"), "runner nope is not known"),
        (("runner", "drain", "nope"), "runner nope is not known"),
        (("run", "list", "--sha", "zz"), "sha: must be 4 to 64 hexadecimal digits"),
        (("run", "list", "--state", "sleeping"), "sleeping"),
        (("trigger", "push", "--path", "/"), "not a git repository"),
        (("repo", "add", "https://git.example.org/a/b"), "--forge"),
        (("repo", "add", "https://x:y@github.com/a/b"), "--token-file"),
        (("bus", "user", "add", "orchestrator"), "belongs to a service"),
    ],
)
def test_mistakes_are_said_in_a_line_and_exit_with_2(terminal: Terminal, arguments: tuple[str, ...], says: str) -> None:
    done = terminal.run(*arguments, code=2)
    assert says in done.stderr


def test_a_server_that_is_not_there_exits_with_3(terminal: Terminal, tmp_path: Path) -> None:
    away = {"TISKTASK_URL": "http://127.0.0.1:9", "TISKTASK_TOKEN": "x"}
    done = terminal.run("run", "list", code=3, **away)
    assert "127.0.0.1:9" in done.stderr
    assert done.stderr.count("\n") == 1
    assert "tisktask up" in terminal.run("run", "list", "--data-dir", tmp_path / "none", code=3).stderr
    for arguments in (
        *(("run", verb, "run_1") for verb in ("show", "cancel", "rerun")),
        *(("job", verb, "job_1") for verb in ("show", "cancel", "rerun")),
        ("logs", "job_1", "--follow"),
        ("repo", "show", "a/b"),
        ("repo", "set", "a/b", "--priority", "1"),
        *(("runner", verb, "host") for verb in ("pause", "resume", "drain")),
    ):
        assert "can not reach http://127.0.0.1:9" in terminal.run(*arguments, code=3, **away).stderr
