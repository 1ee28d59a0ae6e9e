"""What a subject may name, and what may wait for a missing chunk."""

from dataclasses import replace
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from logstream_chunks import make_chunk
from tisktask_common.errors import InfrastructureError
from tisktask_common.ids import JobId, RunId
from tisktask_logstream.archive.parking import Parked, Parking
from tisktask_logstream.log_names import LogName, own_subjects, read_path, read_subject

NAME = LogName(RunId("run_1"), JobId("job_1"), 1)


def parked(offset: int, size: int) -> Parked:
    return Parked(make_chunk(offset, b"x" * size), Msg(_client=Client()))


def test_a_subject_names_a_runner_and_a_log() -> None:
    address = read_subject("log.host=2E1.run_1.job_1.12")
    assert (address.runner, address.log) == ("host=2E1", LogName(RunId("run_1"), JobId("job_1"), 12))


def test_a_subject_may_name_a_container_beside_the_job() -> None:
    name = read_subject("log.host.run_1.job_1.2.post-gres_15").log
    assert name == LogName(RunId("run_1"), JobId("job_1"), 2, "post-gres_15")
    assert name.path(Path("/logs")) == Path("/logs/run_1/job_1.2.post-gres_15.log")


@pytest.mark.parametrize("container", ["", "redis"])
def test_a_name_is_found_again_in_its_files_name(container: str) -> None:
    name = LogName(RunId("run_1"), JobId("job_1"), 3, container)
    assert read_path(name.path(Path("/logs"))) == name


@pytest.mark.parametrize("file", ["job_1.log", "job_1.1.index", "job_1.x.log", "job_1.1.a.b.log", "job_1.0.log"])
def test_other_files_are_no_logs(file: str) -> None:
    assert read_path(Path("/logs/run_1") / file) is None


def test_a_purge_means_one_log_alone() -> None:
    assert own_subjects(NAME) == "log.*.run_1.job_1.1"
    assert own_subjects(replace(NAME, container="redis")) == "log.*.run_1.job_1.1.redis"


@pytest.mark.parametrize(
    "subject",
    [
        "log.a.b.c.1.",
        "log.a.b.c.1.Up",
        "log.a.b.c.1._x",
        "log.a.b.c.1.x=2F",
        "log.a.b.c.1.x.y",
        f"log.a.b.c.1.{'x' * 33}",
        "log.a.b.c",
        "log.a.b.c.0",
        "log.a.b.c.01",
        "log.a.b.c.x",
        "log.a.-b.c.1",
        "log.a.b=2F.c.1",
        f"log.a.{'b' * 70}.c.1",
    ],
)
def test_what_could_become_another_file_is_refused(subject: str) -> None:
    with pytest.raises(InfrastructureError):
        read_subject(subject)


def test_parked_chunks_come_out_in_order_when_what_they_follow_is_there() -> None:
    parking = Parking()
    for offset in (30, 10, 20):
        assert parking.put(NAME, parked(offset, 10))
    assert parking.take_up_to(NAME, 5) == []
    assert [taken.chunk.offset for taken in parking.take_up_to(NAME, 20)] == [10, 20]
    assert parking.first_offset(NAME) == 30


def test_parking_is_bounded_for_one_log_and_for_all() -> None:
    parking = Parking(log_bytes_max=5000, all_bytes_max=8000)
    other = LogName(RunId("run_1"), JobId("job_2"), 1)
    assert parking.put(NAME, parked(10, 3000))
    assert not parking.put(NAME, parked(20, 3000))
    assert not parking.put(other, parked(10, 4500))
    assert parking.first_offset(other) is None
    parking.take_up_to(NAME, 10)
    assert parking.put(other, parked(10, 3900))


def test_a_redelivered_chunk_takes_the_place_of_the_first() -> None:
    parking = Parking(log_bytes_max=5000)
    newest = parked(10, 3000)
    assert parking.put(NAME, parked(10, 3000))
    assert parking.put(NAME, newest)
    assert parking.take_up_to(NAME, 10) == [newest]


def test_patience_ends_for_the_log_that_has_waited_and_begins_anew_after_progress() -> None:
    parking = Parking()
    parking.put(NAME, parked(10, 10))
    parking.put(NAME, parked(50, 10))
    assert parking.wait(3, patience_seconds=5) == []
    parking.take_up_to(NAME, 10)
    assert parking.wait(3, patience_seconds=5) == []
    assert parking.wait(3, patience_seconds=5) == [NAME]
