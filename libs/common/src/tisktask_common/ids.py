"""Identifiers: how each is made, and the type that keeps one from passing for another."""

import base64
import hashlib
from typing import NewType

from ulid import ULID

RepositoryId = NewType("RepositoryId", str)
TriggerId = NewType("TriggerId", str)
RunId = NewType("RunId", str)
JobId = NewType("JobId", str)
EventId = NewType("EventId", str)
StartId = NewType("StartId", str)
ScheduleId = NewType("ScheduleId", str)


def _new(prefix: str) -> str:
    # A ULID sorts by time, so ids order rows and name files in the order in which they were made.
    return f"{prefix}_{str(ULID()).lower()}"


def new_repository_id() -> RepositoryId:
    return RepositoryId(_new("repo"))


def new_run_id() -> RunId:
    return RunId(_new("run"))


def new_job_id() -> JobId:
    return JobId(_new("job"))


def new_event_id() -> EventId:
    return EventId(_new("evt"))


def new_start_id() -> StartId:
    return StartId(_new("start"))


def new_schedule_id() -> ScheduleId:
    return ScheduleId(_new("sched"))


def trigger_id(repository: RepositoryId, delivery: str) -> TriggerId:
    """Derive the id of a delivery's trigger, so that a repeated delivery gets the same id without a look-up."""
    digest = hashlib.sha256(f"{repository}\n{delivery}".encode()).digest()
    return TriggerId("trg_" + base64.b32encode(digest).decode().lower()[:26])
