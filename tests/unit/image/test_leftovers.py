"""Files of dead builds, and the numbers of processes that stand in them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tisktask_runner.image.leftovers import build_files, remove_build_files


def leave_pid(folder: Path, pid: int) -> Path:
    files = build_files(folder, "key")
    bundle = files / "tmp" / "buildah1"
    bundle.mkdir(parents=True)
    (bundle / "pid").write_text(str(pid))
    return files


def test_a_process_that_has_ended_but_was_not_asked_how_is_in_nobodys_way(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    files = leave_pid(tmp_path, process.pid)
    remove_build_files(tmp_path, "key")
    assert not files.exists()
    assert process.wait() == 0


def test_a_number_that_is_another_processs_by_now_is_left_alone(tmp_path: Path) -> None:
    process = subprocess.Popen(["sleep", "1000"])
    try:
        files = leave_pid(tmp_path, process.pid)
        remove_build_files(tmp_path, "key")
        assert not files.exists()
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
