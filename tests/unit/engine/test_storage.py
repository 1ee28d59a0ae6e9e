"""Where a Podman of a user who is not root keeps its run files."""

import os

import pytest

from tisktask_runner.host.errors import HostError
from tisktask_runner.host.storage import Storage, user_runtime_dir


def _become(monkeypatch, uid, given=None):
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    if given is None:
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    else:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(given))


def test_the_sessions_own_directory_is_used(monkeypatch, tmp_path):
    _become(monkeypatch, 4711, tmp_path)
    assert user_runtime_dir() == tmp_path
    assert Storage(tmp_path).tmp_dir == tmp_path / "libpod" / "tmp"
    assert Storage(tmp_path).environment({})["XDG_RUNTIME_DIR"] == str(tmp_path)


def test_without_a_session_one_is_made_and_podman_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    own = tmp_path / f"tisktask-run-{os.getuid()}"
    monkeypatch.setattr("tisktask_runner.host.storage.os.access", lambda *_: False)
    _become(monkeypatch, os.getuid(), "/nowhere")
    assert user_runtime_dir() == own
    assert own.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_somebody_else_has_made_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    (tmp_path / "tisktask-run-4711").mkdir()
    _become(monkeypatch, 4711)
    with pytest.raises(HostError, match="belongs to somebody else"):
        user_runtime_dir()


def test_root_needs_none(monkeypatch, tmp_path):
    _become(monkeypatch, 0)
    assert "XDG_RUNTIME_DIR" not in Storage(tmp_path).environment({})
