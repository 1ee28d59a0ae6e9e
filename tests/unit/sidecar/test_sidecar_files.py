"""What is read on a host about a container beside a job: its log, who listens, names of hosts."""

from pathlib import Path

import pytest

from tisktask_runner.sidecar.errors import SidecarError
from tisktask_runner.sidecar.hosts import add_aliases, write_hosts
from tisktask_runner.sidecar.own_log import LogSearch, compile_pattern, read_tail
from tisktask_runner.sidecar.ports import listening_ports

TABLE = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
   2: 0100007F:1F90 0100007F:1538 01 00000000:00000000 00:00000000 00000000     0        0 3 1 0 20 4 30 10 -1
   3: 00000000000000000000000000000000:0CEA 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 4 1
"""


def record(text: str, kind: str = "F") -> bytes:
    return f"2024-01-02T03:04:05.123456789+00:00 stdout {kind} {text}\n".encode()


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_who_is_connected_does_not_listen() -> None:
    assert listening_ports(TABLE) == {5432, 80, 3306}
    assert listening_ports("") == set()


def test_the_tail_is_the_last_whole_records(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert read_tail(log, 3) == ""
    append(log, record("one") + record("tw", "P") + record("o") + record("three \N{SNOWMAN}") + b"2024-01-02T03")
    assert read_tail(log, 2) == "two\nthree \N{SNOWMAN}\n"
    assert read_tail(log, 100) == "one\ntwo\nthree \N{SNOWMAN}\n"


def test_the_tail_of_a_long_log_is_bounded(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, record("x" * 1000) * 4000)
    assert 1500 < len(read_tail(log, 10_000).splitlines()) < 2100


def test_a_line_is_found_when_it_has_come_whole_or_not(tmp_path: Path) -> None:
    log = tmp_path / "log"
    search = LogSearch(log, "^database (is )?ready$")
    assert not search.go_on()
    append(log, record("the database is ready or not") + record("database is", "P"))
    assert not search.go_on()
    append(log, record(" rea", "P"))
    assert not search.go_on()
    append(log, record("dy\r"))
    assert search.go_on()
    assert search.go_on()


def test_a_prompt_without_a_line_feed_is_found(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, record("login: ", "P"))
    assert LogSearch(log, "^login:").go_on()


def test_a_long_log_is_searched_piece_by_piece(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, record("x" * 1000) * 500 + record("needle"))
    search, rounds = LogSearch(log, "needle"), 1
    while not search.go_on():
        assert search.has_more
        rounds += 1
    assert rounds > 5
    assert not search.has_more


def test_a_log_that_was_cut_back_is_searched_on(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, record("old") * 100)
    search = LogSearch(log, "new")
    assert not search.go_on()
    log.write_bytes(record("old") * 50)
    assert not search.go_on()
    append(log, record("new"))
    assert search.go_on()


@pytest.mark.parametrize("pattern", ["(", "(?=x)", r"(x)\1", "x{100000}", "(?P<name", "[z-a]", "(x?){1000}"])
def test_a_pattern_that_can_not_be_used_is_refused_in_words(pattern: str) -> None:
    with pytest.raises(SidecarError, match="RE2"):
        compile_pattern(pattern)


def test_what_is_not_utf8_does_not_disturb_a_search(tmp_path: Path) -> None:
    log = tmp_path / "log"
    append(log, b"2024-01-02T03:04:05.123456789+00:00 stdout F \xff\xfe started \xc3\n")
    assert LogSearch(log, r"\bstarted\b").go_on()


def test_aliases_are_added_once_and_in_place(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    write_hosts(hosts)
    before, inode = hosts.read_text(), hosts.stat().st_ino
    add_aliases(hosts, ["db", "db.test"])
    add_aliases(hosts, ["db.test", "cache", "cache"])
    assert hosts.stat().st_ino == inode
    added = hosts.read_text().removeprefix(before).split("\n")
    assert [line for line in added if line] == ["127.0.0.1\tdb", "127.0.0.1\tdb.test", "127.0.0.1\tcache"]


def test_a_pod_knows_itself_and_localhost(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    write_hosts(hosts)
    names = {name for line in hosts.read_text().splitlines() for name in line.partition("#")[0].split()[1:]}
    assert {"localhost", "tisktask"} <= names
    assert hosts.stat().st_mode & 0o777 == 0o644
