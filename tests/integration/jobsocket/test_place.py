"""Where the socket is: paths of any length, taken over by the next process, in a directory that is the job's too."""

import asyncio
import stat
from pathlib import Path

import pytest

from jobsocket_toy import Toy, toy_socket
from tisktask_runner.jobsocket import place
from tisktask_runner.jobsocket.server import JobSocket


async def ping(path: Path) -> bytes:
    # A client in a pod sees a short path; here the way is made short.
    short = Path("/proc/self/cwd") / path.name
    reader, writer = await asyncio.open_unix_connection(str(short))
    writer.write(b"PING\r\n")
    async with asyncio.timeout(5):
        reply = await reader.read(7)
    writer.close()
    return reply


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / ("d" * 120)
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


async def opened(path: Path) -> JobSocket:
    server = toy_socket(Toy())
    await server.open(path)
    return server


async def test_a_path_may_be_longer_than_sockets_allow_and_anybody_may_connect(folder):
    server = await opened(folder / "command.sock")
    assert await ping(folder / "command.sock") == b"+PONG\r\n"
    assert stat.S_IMODE((folder / "command.sock").stat().st_mode) == 0o666
    assert [path.name for path in folder.iterdir()] == ["command.sock"]
    await server.close()


async def test_the_next_process_takes_the_path_over_while_the_first_one_serves(folder):
    first = await opened(folder / "s")
    second = await opened(folder / "s")
    await first.close()
    assert await ping(folder / "s") == b"+PONG\r\n"
    await second.close()
    with pytest.raises(ConnectionRefusedError):
        await ping(folder / "s")
    third = await opened(folder / "s")
    assert await ping(folder / "s") == b"+PONG\r\n"
    await third.close()


async def test_a_link_that_the_job_puts_there_is_replaced_not_followed(folder):
    victim = folder / "victim"
    victim.write_text("mine")
    victim.chmod(0o600)
    (folder / "s").symlink_to(victim)
    server = await opened(folder / "s")
    assert stat.S_ISSOCK((folder / "s").lstat().st_mode)
    assert (victim.read_text(), stat.S_IMODE(victim.stat().st_mode)) == ("mine", 0o600)
    await server.close()


async def test_a_link_that_the_job_slips_in_under_the_first_name_changes_no_file_of_ours(folder, monkeypatch):
    victim = folder / "victim"
    victim.write_text("mine")
    victim.chmod(0o600)
    open_to_everybody = place._open_to_everybody

    def slip_in(directory: int, name: str) -> None:
        (folder / name).unlink()
        (folder / name).symlink_to(victim)
        open_to_everybody(directory, name)

    monkeypatch.setattr(place, "_open_to_everybody", slip_in)
    with pytest.raises(FileExistsError):
        await opened(folder / "s")
    assert stat.S_IMODE(victim.stat().st_mode) == 0o600


async def test_a_directory_that_is_not_there_is_an_error_that_names_it(folder):
    with pytest.raises(FileNotFoundError, match="gone"):
        await opened(folder / "gone" / "s")
