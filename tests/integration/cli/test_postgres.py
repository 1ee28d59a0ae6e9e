"""The embedded PostgreSQL: durable, private, alone on its data, whatever is killed."""

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cli_processes import Bench, supervision, until
from tisktask_cli.errors import CommandError
from tisktask_cli.stack.layout import Layout
from tisktask_cli.stack.postgres import EmbeddedPostgres, processes_in, remove_stale_lock
from tisktask_cli.stack.supervisor import Supervised


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh cluster; making one takes the better part of a second."""
    layout = Layout.of(tmp_path_factory.mktemp("pg"))
    EmbeddedPostgres.of(layout).create()
    return layout.root


@pytest.fixture
def make(template: Path, tmp_path: Path) -> Callable[[str], EmbeddedPostgres]:
    def copy(name: str) -> EmbeddedPostgres:
        shutil.copytree(template, tmp_path / name)
        return EmbeddedPostgres.of(Layout.of(tmp_path / name))

    return copy


async def serve(bench: Bench, postgres: EmbeddedPostgres) -> Supervised:
    supervised = bench.supervisor.start(postgres.program(), 1)
    await until(lambda: answers(postgres))
    return supervised


def answers(postgres: EmbeddedPostgres) -> bool:
    try:
        psycopg.connect(postgres.url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def ask(postgres: EmbeddedPostgres, statement: str) -> object:
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


async def test_data_survive_a_kill_of_the_server_and_a_new_start(make: Callable[[str], EmbeddedPostgres]) -> None:
    postgres = make("one")
    async with supervision() as bench:
        supervised = await serve(bench, postgres)
        ask(postgres, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)")
        first = supervised.pid
        assert first
        os.kill(first, signal.SIGKILL)
        await until(lambda: supervised.pid not in {None, first} and answers(postgres))
        assert ask(postgres, "SELECT n FROM kept") == 42
        await bench.supervisor.stop()
    async with supervision() as bench:
        await serve(bench, postgres)
        assert ask(postgres, "SELECT n FROM kept") == 42
    assert processes_in(postgres.data) == []


async def test_two_stand_side_by_side_and_none_is_on_the_network(make: Callable[[str], EmbeddedPostgres]) -> None:
    one, other = make("one"), make("other")
    async with supervision() as bench:
        await asyncio.gather(serve(bench, one), serve(bench, other))
        ask(one, "CREATE TABLE mine (n int)")
        assert ask(other, "SELECT count(*) FROM pg_tables WHERE tablename = 'mine'") == 0
        assert ask(one, "SHOW listen_addresses") == ""
        assert (ask(one, "SHOW fsync"), ask(one, "SHOW full_page_writes")) == ("on", "on")
        assert one.sockets.stat().st_mode & 0o077 == 0


async def test_a_stop_is_quick_and_clean_with_open_sessions(make: Callable[[str], EmbeddedPostgres]) -> None:
    postgres = make("one")
    async with supervision() as bench:
        await serve(bench, postgres)
        with contextlib.closing(psycopg.connect(postgres.url)) as session:
            session.execute("SELECT 1")
            await asyncio.wait_for(bench.supervisor.stop(), 10)
            assert bench.records("database system is shut down")


async def test_a_lock_with_the_number_of_another_process_does_not_block(
    make: Callable[[str], EmbeddedPostgres],
) -> None:
    postgres = make("one")
    (postgres.data / "postmaster.pid").write_text(f"{os.getppid()}\n{postgres.data}\n")
    async with supervision() as bench:
        await serve(bench, postgres)
        assert not bench.records("process_ended")


async def test_the_lock_of_a_server_that_lives_is_respected(
    make: Callable[[str], EmbeddedPostgres], monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres = make("one")
    monkeypatch.setattr("tisktask_cli.stack.postgres._LEFT_OVER_SECONDS", 0.2)
    async with supervision() as bench:
        await serve(bench, postgres)
        with pytest.raises(CommandError, match="left behind still works"):
            remove_stale_lock(postgres.data)
        assert (postgres.data / "postmaster.pid").exists()


async def test_a_long_data_directory_works(tmp_path: Path, template: Path) -> None:
    deep = tmp_path / ("long" * 20) / ("longer" * 10)
    deep.parent.mkdir()
    shutil.copytree(template, deep)
    layout = Layout.of(deep)
    postgres = EmbeddedPostgres.of(layout)
    try:
        async with supervision() as bench:
            await serve(bench, postgres)
            assert not layout.run.is_relative_to(deep)
    finally:
        shutil.rmtree(layout.run)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
async def test_without_user_namespaces_a_system_user_runs_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tisktask_cli.stack.postgres_account._namespace", lambda: None)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        postgres = EmbeddedPostgres.of(Layout.of(Path(folder) / "data"))
        postgres.create()
        for _ in range(2):
            async with supervision() as bench:
                await serve(bench, postgres)
                assert postgres.data.stat().st_uid != 0
                await bench.supervisor.stop()
        # The way is open, but nothing in it can be listed.
        assert postgres.layout.root.stat().st_mode & 0o777 == 0o711


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account")
def test_a_data_directory_that_the_system_user_can_not_reach_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tisktask_cli.stack.postgres_account._namespace", lambda: None)
    (tmp_path / "closed").mkdir(mode=0o700)
    with pytest.raises(CommandError, match="can not reach"):
        EmbeddedPostgres.of(Layout.of(tmp_path / "closed" / "data")).create()


def test_data_of_another_version_are_refused_with_the_way_out(make: Callable[[str], EmbeddedPostgres]) -> None:
    postgres = make("one")
    (postgres.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(CommandError, match=r"made by PostgreSQL 9, .*pg_dump"):
        postgres.require_version()


def test_a_broken_off_creation_is_made_again(tmp_path: Path) -> None:
    postgres = EmbeddedPostgres.of(Layout.of(tmp_path))
    (postgres.data.parent / "data.new").mkdir(parents=True)
    (postgres.data.parent / "data.new" / "half").write_text("done")
    assert not postgres.exists
    postgres.create()
    assert postgres.exists
    assert not (postgres.data.parent / "data.new").exists()
