"""A job's log on its way to the bus: nothing missing, doubled or out of order, whoever dies in between."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nats_server import NatsServer
from runner_logs import LogArchive, open_archive, open_lane
from small_disk import small_disk
from tisktask_common.bus.connection import Bus
from tisktask_common.log_chunk import LogStream
from tisktask_runner.log.cut import LogPart, LogSource
from tisktask_runner.log.position import load_position
from tisktask_runner.log.shipper import LogShipper, ShippingLane

KEY = "job_1.1"


@pytest.fixture
async def lane(bus: Bus) -> AsyncIterator[ShippingLane]:
    async with open_lane(bus) as lane:
        yield lane


@pytest.fixture
async def archive(bus: Bus) -> AsyncIterator[LogArchive]:
    async with open_archive(bus) as archive:
        yield archive


class Job:
    """Writes a log file as conmon does."""

    def __init__(self, folder: Path, bytes_max: int = 0) -> None:
        self.output = folder / "output.log"
        self.position_path = folder / "log.position"
        parts = [
            LogPart(folder / "before.log", LogStream.SYSTEM),
            LogPart(self.output),
            LogPart(folder / "after.log", LogStream.SYSTEM),
        ]
        self.source = LogSource("job_1", 1, "log.here.run_1.job_1.1", parts, bytes_max)
        self.is_too_long = False
        self.written = b""

    def shipper(self, lane: ShippingLane) -> LogShipper:
        def too_long() -> None:
            self.is_too_long = True

        return LogShipper(lane, self.source, self.position_path, too_long)

    def print(self, first: int, count: int) -> None:
        lines = [b"line %d %s" % (number, b"x" * 80) for number in range(first, first + count)]
        with self.output.open("ab") as file:
            file.writelines(b"2023-11-23T07:44:12.%09d+00:00 stdout F %s\n" % (n, line) for n, line in enumerate(lines))
        self.written += b"".join(line + b"\n" for line in lines)


async def test_a_log_arrives_whole_and_in_order_with_what_tisktask_says(
    tmp_path: Path, lane: ShippingLane, archive: LogArchive
) -> None:
    job = Job(tmp_path)
    (tmp_path / "before.log").write_bytes(b"a warning\n")
    shipper = job.shipper(lane)
    shipping = asyncio.create_task(shipper.run())
    await archive.holds(KEY, b"a warning")
    shipper.close_parts(1)
    for start in range(0, 2000, 500):
        job.print(start, 500)
        await archive.holds(KEY, b"line %d " % (start + 499))
    (tmp_path / "after.log").write_bytes(b"an explanation\n")
    shipper.close()
    await shipping
    log = await archive.complete(KEY)
    assert log.data == b"a warning\n" + job.written + b"an explanation\n"
    assert log.of_stream(LogStream.SYSTEM) == b"a warning\nan explanation\n"
    assert load_position(tmp_path / "log.position").is_complete


async def test_a_job_that_prints_nothing_has_an_empty_complete_log(
    tmp_path: Path, lane: ShippingLane, archive: LogArchive
) -> None:
    shipper = Job(tmp_path).shipper(lane)
    shipper.close()
    await shipper.run()
    assert (await archive.complete(KEY)).data == b""


async def test_a_slow_job_is_seen_line_by_line(tmp_path: Path, lane: ShippingLane, archive: LogArchive) -> None:
    job = Job(tmp_path)
    shipper = job.shipper(lane)
    shipper.close_parts(1)
    shipping = asyncio.create_task(shipper.run())
    for number in range(5):
        job.print(number, 1)
        await archive.holds(KEY, b"line %d " % number)
    assert len(archive.logs[KEY].chunks) == 5
    shipper.close()
    await shipping


async def test_a_burst_needs_few_messages(tmp_path: Path, lane: ShippingLane, archive: LogArchive) -> None:
    job = Job(tmp_path)
    job.print(0, 20_000)
    shipper = job.shipper(lane)
    shipper.close()
    await shipper.run()
    log = await archive.complete(KEY)
    assert log.data == job.written
    assert len(log.chunks) < 20


async def test_the_bus_killed_in_the_middle_loses_and_doubles_nothing(
    tmp_path: Path, lane: ShippingLane, archive: LogArchive, nats_server: NatsServer
) -> None:
    job = Job(tmp_path)
    shipper = job.shipper(lane)
    shipper.close_parts(1)
    shipping = asyncio.create_task(shipper.run())
    for start in range(0, 50_000, 500):
        job.print(start, 500)
        if start == 20_000:
            await archive.holds(KEY, b"line 10000 ")
            nats_server.kill()
        if start == 40_000:
            nats_server.start()
        await asyncio.sleep(0.005)
    shipper.close()
    await shipping
    log = await archive.complete(KEY)
    assert log.data == job.written


async def test_with_a_full_disk_the_log_is_sent_on_and_whoever_adopts_it_doubles_nothing(
    tmp_path: Path, lane: ShippingLane, archive: LogArchive
) -> None:
    job = Job(tmp_path)
    with small_disk(tmp_path / "disk", 1) as disk:
        disk.fill()
        job.position_path = disk.path / "log.position"
        first = job.shipper(lane)
        shipping = asyncio.create_task(first.run())
        first.close_parts(1)
        for start in range(0, 2000, 500):
            job.print(start, 500)
            await archive.holds(KEY, b"line %d " % (start + 499))
        shipping.cancel()
        await asyncio.gather(shipping, return_exceptions=True)
        disk.free()
        assert load_position(job.position_path).log_offset == 0
        second = job.shipper(lane)
        second.close()
        await second.run()
        assert load_position(job.position_path).is_complete
    assert (await archive.complete(KEY)).data == job.written


async def test_a_killed_shipper_is_continued_where_it_was(tmp_path: Path, bus: Bus, nats_server: NatsServer) -> None:
    job = Job(tmp_path)
    command = [sys.executable, str(Path(__file__).parents[2] / "runner_shipper.py"), nats_server.url, str(tmp_path)]
    async with open_archive(bus) as archive:
        for start in range(0, 60_000, 20_000):
            process = subprocess.Popen(command)
            try:
                for line in range(start, start + 20_000, 1000):
                    job.print(line, 1000)
                    await asyncio.sleep(0.01)
                await archive.holds(KEY, b"line %d " % start)
            finally:
                process.kill()
                process.wait()
        (tmp_path / "closed").touch()
        await asyncio.to_thread(subprocess.run, command, check=True, timeout=20)
        log = await archive.complete(KEY)
    assert log.data == job.written


async def test_a_log_at_its_limit_is_cut_says_so_and_stops_the_job(
    tmp_path: Path, lane: ShippingLane, archive: LogArchive
) -> None:
    job = Job(tmp_path, bytes_max=10_000)
    shipper = job.shipper(lane)
    shipper.close_parts(1)
    shipping = asyncio.create_task(shipper.run())
    job.print(0, 1000)
    await shipping
    log = await archive.complete(KEY)
    assert job.is_too_long
    assert log.is_truncated
    assert log.data[:10_000] == job.written[:10_000]
    assert "limit of 9.766 KiB" in log.of_stream(LogStream.SYSTEM).decode()


async def test_a_log_that_fills_the_disk_while_the_bus_is_away_stops_the_job(
    tmp_path: Path, lane: ShippingLane, nats_server: NatsServer
) -> None:
    nats_server.kill()
    job = Job(tmp_path, bytes_max=1_000_000)
    shipper = job.shipper(lane)
    shipper.close_parts(1)
    shipping = asyncio.create_task(shipper.run())
    job.print(0, 100)
    async with asyncio.timeout(20):
        while not job.is_too_long:
            job.print(0, 5000)
            await asyncio.sleep(0.05)
    shipping.cancel()
    await asyncio.gather(shipping, return_exceptions=True)
