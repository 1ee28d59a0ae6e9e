"""The queue of deliveries on disk."""

from pathlib import Path

from ingest_payloads import SHA
from tisktask_common.events import Change, Repository
from tisktask_common.ids import RepositoryId
from tisktask_ingest.delivery import Delivery, Source, pack
from tisktask_ingest.outcome import Triggered
from tisktask_ingest.spool import Limits, Spool

REPOSITORY = Repository(id=RepositoryId("repo_1"), forge="github", full_name="octo/app")
CHANGE = Change(event="push", sha=SHA, ref="refs/heads/main")
ROOMY = Limits(bytes_max=1_000_000, count_max=100)


def made(number: int) -> Delivery:
    return pack(Source(REPOSITORY, f"d-{number}", "push"), Triggered(CHANGE), b"{}")


async def drained(spool: Spool) -> list[str]:
    """Take everything out, in order."""
    names: list[str] = []
    while entry := spool.first:
        delivery = await spool.read(entry)
        names.append(delivery.event.delivery if delivery else "damaged")
        await (spool.remove(entry) if delivery else spool.set_aside(entry))
    return names


async def test_deliveries_come_out_in_order_of_arrival_also_for_the_next_process(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path, ROOMY)
    for number in (3, 1, 2):
        assert await spool.add(made(number))
    again = Spool.open(tmp_path, ROOMY)
    assert await again.add(made(0))
    assert await drained(again) == ["d-3", "d-1", "d-2", "d-0"]
    assert again.is_empty
    assert list(tmp_path.iterdir()) == []


async def test_a_delivery_that_waits_already_is_not_kept_twice(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path, ROOMY)
    assert await spool.add(made(1))
    assert await spool.add(made(1))
    again = Spool.open(tmp_path, ROOMY)
    assert await again.add(made(1))
    assert await drained(again) == ["d-1"]
    assert await again.add(made(1))


async def test_it_is_full_by_number(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path, Limits(bytes_max=1_000_000, count_max=2))
    assert [await spool.add(made(number)) for number in range(3)] == [True, True, False]
    assert not await spool.has_room()
    first = spool.first
    assert first
    await spool.remove(first)
    assert await spool.has_room()
    assert await spool.add(made(2))


async def test_it_is_full_by_bytes_also_for_the_next_process(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path, ROOMY)
    assert await spool.add(made(1))
    first = spool.first
    assert first
    tight = Spool.open(tmp_path, Limits(bytes_max=2 * first.size, count_max=100))
    assert await tight.add(made(2))
    assert not await tight.add(made(3))


async def test_a_disk_that_refuses_is_an_answer_and_no_crash(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path / "spool", ROOMY)
    (tmp_path / "spool").rmdir()
    assert not await spool.add(made(1))
    assert not await spool.has_room()
    assert spool.is_empty


async def test_a_damaged_file_is_set_aside_and_the_others_go_on(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path, ROOMY)
    for number in (1, 2):
        assert await spool.add(made(number))
    first = spool.first
    assert first
    first.path.write_bytes(first.path.read_bytes()[:-1])
    assert await drained(spool) == ["damaged", "d-2"]
    assert [path.suffix for path in tmp_path.iterdir()] == [".damaged"]


async def test_a_file_that_somebody_took_away_does_not_block_the_others(tmp_path: Path) -> None:
    spool = Spool.open(tmp_path, ROOMY)
    for number in (1, 2):
        assert await spool.add(made(number))
    first = spool.first
    assert first
    first.path.unlink()
    assert await drained(spool) == ["damaged", "d-2"]


async def test_half_written_and_strange_files_are_no_deliveries(tmp_path: Path) -> None:
    (tmp_path / "00000000000000000001-trg_a.delivery.partial").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("mine")
    spool = Spool.open(tmp_path, ROOMY)
    assert spool.is_empty
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
