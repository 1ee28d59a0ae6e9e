"""`tisktask repo app` and the comment: what reports a repository's runs."""

from pathlib import Path

from app_keys import app_keys
from cli_terminal import Terminal


def test_an_app_reports_a_repository_and_its_key_is_in_no_output(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("repo", "add", "https://github.com/acme/app.git")
    private, _ = app_keys()
    (tmp_path / "app.pem").write_text(private)
    done = terminal.run("repo", "app", "acme/app", "--id", "1234", "--key-file", tmp_path / "app.pem")
    assert "as the App 1234" in done.stdout
    assert "Checks: write" in done.stdout
    assert private.splitlines()[1] not in done.stdout + done.stderr
    shown = terminal.json("repo", "set", "acme/app", "--comment", "on")
    assert (shown["app_id"], shown["has_comment"]) == ("1234", True)
    assert terminal.json("repo", "app", "acme/app", "--off")["app_id"] is None
    (tmp_path / "other.pem").write_text("ssh-rsa AAAA")
    for arguments in (("--id", "1"), ("--off", "--id", "1"), ("--id", "1", "--key-file", tmp_path / "other.pem")):
        assert "key" in terminal.run("repo", "app", "acme/app", *arguments, code=2).stderr
    terminal.run("repo", "remove", "acme/app")
