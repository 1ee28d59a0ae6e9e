"""The client in both its forms: as jobs get it, and with checks of every access to memory."""

from pathlib import Path

import pytest

from client_program import Client, compiled_client, sanitized_client


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path | None]:
    folder = tmp_path_factory.mktemp("client")
    return {"static": compiled_client(folder), "sanitized": sanitized_client(folder)}


@pytest.fixture(params=["static", "sanitized"])
def client(request: pytest.FixtureRequest, programs: dict[str, Path | None], tmp_path: Path) -> Client:
    program = programs[request.param]
    if program is None:
        pytest.skip("this machine's compiler has no sanitizers")
    return Client(program, tmp_path / "command.sock")
