"""What the API takes and answers. The OpenAPI document is made from these."""

import re
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from tisktask_common.lifecycle import RunState
from tisktask_logstream.log_names import CONTAINER_PATTERN
from tisktask_logstream.rows import (
    AttemptRecord,
    JobRecord,
    Record,
    RepositoryRecord,
    RetriesRecord,
    RunnerRecord,
)
from tisktask_logstream.run_view import Container, Run

_SHA = re.compile(r"[0-9a-fA-F]{4,64}")
_NAME = r"^[A-Za-z0-9._-]{1,100}(/[A-Za-z0-9._-]{1,100})+$"


class RunPage(Record):
    """Some runs, the newest first."""

    items: list[Run]
    next: str | None = Field(description="value of `after` for the next page; null: there is none")


class Job(JobRecord):
    """A job with its attempts."""

    attempts: list[AttemptRecord] = Field(description="those that a runner has, or had; each has a log of its own")
    retries: RetriesRecord | None = Field(description="null: it is not tried again")
    containers: list[Container] = Field(description="those beside it that have logs, by attempt and name")
    logs_deleted_at: datetime | None = Field(
        default=None, description="when its logs were deleted, before their run; null: they were not"
    )


class Line(Record):
    """A line of a log. A gap (bytes that never came) takes a number too. Fields with a default may be left out."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    n: int = Field(description="number of the line, from 1; a line over 64 KiB has several")
    t: int | None = Field(description="when it was written, milliseconds since 1970; null for a gap")
    s: Literal["stdout", "stderr", "system", "gap"]
    text: str = Field(description="without the line break; what is not UTF-8 is replaced")
    partial: bool = Field(description="the line is not finished: it may grow")
    continued: bool = Field(default=False, description="goes on with the line before, which was longer than 64 KiB")
    missing_bytes: int = Field(default=0, description="of a gap")


class Gap(Record):
    """Bytes of a log that never came."""

    n: int = Field(description="the line number that the gap has")
    missing_bytes: int


class Lines(Record):
    """A range of a log. It may be shorter than asked for: about 1 MiB at most."""

    lines: list[Line]
    total: int = Field(description="number of lines so far")
    complete: bool = Field(description="the log has its end")
    truncated: bool = Field(description="it ended at its size limit, not with the program")
    gaps: list[Gap]
    attempt: int
    container: str = Field(default="", description="empty: the job's own")


class RepositoryList(Record):
    """All repositories."""

    items: list[RepositoryRecord]
    next: None = None


class RunnerList(Record):
    """All runner processes."""

    items: list[RunnerRecord]
    next: None = None


class Done(Record):
    """Whether an order took effect."""

    accepted: bool
    reason: str = ""


class NewRun(Record):
    """The run that was made; asked for again with the same `request_id`, it is the same."""

    run_id: str
    number: int
    is_new: bool = Field(description="false: the same request had made it before")


class Problem(Record):
    """What is wrong, for programs and for people."""

    code: str
    message: str


class ErrorAnswer(Record):
    """The body of every answer that is not a success."""

    error: Problem


class Strict(BaseModel):
    """What a client sends: unknown fields are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoQuery(Strict):
    """Nothing is asked for in the address."""


class ReplicaQuery(Strict):
    """Which of a host's runners."""

    replica: str = Field(default="", max_length=200, description="empty: all of them, also those to come")


class RerunJobOrder(Strict):
    """How a job is to be run again. May be left out."""

    request_id: str | None = Field(
        default=None, min_length=1, max_length=100, description="repeated with the same id, a request makes one run"
    )


class RerunOrder(RerunJobOrder):
    """What of a run is to be run again. May be left out: then all."""

    failed: bool = Field(default=False, strict=True, description="only the jobs that have not succeeded")


class RunsQuery(Strict):
    """Which runs to list."""

    repository: str | None = Field(default=None, max_length=300, description="owner/name")
    sha: str | None = Field(default=None, description="of the commit, or its beginning: 4 to 64 hexadecimal digits")
    state: str | None = Field(default=None, description="one state, or several with commas")
    limit: int = Field(default=50, ge=1, le=200)
    after: str | None = Field(default=None, max_length=64, description="`next` of the page before")

    @field_validator("sha")
    @classmethod
    def _is_sha(cls, value: str | None) -> str | None:
        if value is not None and not _SHA.fullmatch(value):
            raise ValueError("must be 4 to 64 hexadecimal digits: a commit, or its beginning")
        return value

    @field_validator("state")
    @classmethod
    def _known_states(cls, value: str | None) -> str | None:
        for state in value.split(",") if value else []:
            if state not in set(RunState):
                raise ValueError(f"{state[:40]} is not a state; there are {', '.join(RunState)}")
        return value


class WhoseLog(Strict):
    """Whose log."""

    attempt: int | None = Field(default=None, ge=1, le=999_999, description="the newest if not given")
    container: str = Field(
        default="", pattern=f"^({CONTAINER_PATTERN})?$", description="of this one beside the job; empty: the job's own"
    )


class LogQuery(WhoseLog):
    """Which part of a log. With none of these three: the whole, as text."""

    from_line: int | None = Field(default=None, ge=1, le=2**53)
    lines: int | None = Field(default=None, ge=1, le=10_000, description="how many; 1000 if only from_line is given")
    tail: int | None = Field(default=None, ge=1, le=10_000, description="the last lines")


class StreamQuery(WhoseLog):
    """Where a stream of a log begins. The header Last-Event-ID goes before from_line."""

    from_line: int = Field(default=1, ge=1, le=2**53)


class RunsStreamQuery(Strict):
    """Which runs to hear of."""

    repository: str | None = Field(default=None, max_length=300)


class RemovalQuery(Strict):
    """What of a repository stays."""

    keep_webhook: bool = Field(default=False, description="leave the webhook that Tisktask has made at the forge")


class NewRepository(Strict):
    """A repository to take triggers from. The same forge and name again changes it."""

    forge: Literal["github", "forgejo", "gitea", "local"]
    full_name: str = Field(pattern=_NAME, max_length=300, description="owner/name")
    clone_url: str = Field(
        min_length=1, max_length=2000, description="https, ssh or, for forge local, an absolute path"
    )
    api_url: str = Field(default="", max_length=2000, description="where the forge takes statuses; empty: nowhere")
    token: SecretStr | None = Field(default=None, max_length=10_000, description="for fetching and for statuses")
    webhook_secret: SecretStr | None = Field(default=None, max_length=10_000)

    @field_validator("full_name")
    @classmethod
    def _is_no_path(cls, value: str) -> str:
        if {".", ".."} & set(value.split("/")):
            raise ValueError("must be owner/name")
        return value

    @field_validator("clone_url", "api_url")
    @classmethod
    def _has_no_password(cls, value: str) -> str:
        if "://" in value and "@" in value.partition("://")[2].partition("/")[0] and not value.startswith("ssh://"):
            raise ValueError("a token or password does not belong in the address: give it as `token`")
        return value

    @field_validator("api_url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("must begin with https:// or http://")
        return value

    @model_validator(mode="after")
    def _clone_url_fits_forge(self) -> "NewRepository":
        if self.forge == "local":
            if not self.clone_url.startswith("/"):
                raise ValueError("clone_url of a local repository must be an absolute path")
        elif not self.clone_url.startswith(("https://", "http://", "ssh://", "git@")):
            raise ValueError("clone_url must begin with https://, http:// or ssh://")
        return self
