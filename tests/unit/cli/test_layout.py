"""Paths of a data directory, and its ports."""

import os
import socket
from pathlib import Path

import pytest

from tisktask_cli.errors import CommandError
from tisktask_cli.stack.layout import SOCKET_PATH_BYTES_MAX, Layout
from tisktask_cli.stack.ports import HOST, PortBook, find_listener, require_free
from tisktask_cli.stack.private_files import load_or_create_secret, private_folder


def test_sockets_lie_in_the_data_directory_if_the_path_is_short() -> None:
    assert Layout(Path("/srv/ci")).run == Path("/srv/ci/run")


def test_sockets_of_a_long_data_directory_lie_in_a_short_place_of_its_own() -> None:
    one, other = Layout(Path("/srv/" + "x" * 120)), Layout(Path("/srv/" + "y" * 120))
    assert len(os.fsencode(one.run / ".s.PGSQL.5432")) <= SOCKET_PATH_BYTES_MAX
    assert one.run != other.run


def test_a_port_stays_the_same_until_somebody_else_has_it(tmp_path: Path) -> None:
    first = PortBook(tmp_path / "ports.json").take("nats")
    assert PortBook(tmp_path / "ports.json").take("nats") == first
    with socket.socket() as other:
        other.bind((HOST, first))
        other.listen()
        replaced = PortBook(tmp_path / "ports.json").take("nats")
    assert replaced != first
    assert PortBook(tmp_path / "ports.json").known("nats") == replaced


def test_a_taken_port_is_refused_with_its_holder_and_the_flag() -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        assert (find_listener(port) or (0, ""))[0] == os.getpid()
        with pytest.raises(CommandError, match=rf"port {port} is taken by process {os.getpid()} .*--ingest-port"):
            require_free(HOST, port, "--ingest-port")


def test_a_secret_is_private_and_stays_the_same(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "token"
    assert load_or_create_secret(path) == load_or_create_secret(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_may_enter_is_closed(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o755)
    assert private_folder(tmp_path / "run").stat().st_mode & 0o777 == 0o700
