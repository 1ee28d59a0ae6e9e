"""Statements about comments that may approve runs."""

from dataclasses import dataclass
from datetime import datetime

from tisktask_common.database.pool import Connection
from tisktask_common.ids import RepositoryId, RunId, TriggerId
from tisktask_orchestrator.store.statements import execute, fetch_all


@dataclass(frozen=True)
class ApprovalComment:
    """A comment as its delivery has told it."""

    trigger_id: TriggerId
    repository_id: RepositoryId
    pull_request: int
    actor: str
    #: The head at that moment; empty: not told.
    sha: str
    command: str
    said_at: datetime


@dataclass(frozen=True)
class TakenCommentRow:
    """The same, to be heeded now."""

    trigger_id: TriggerId
    #: The fence.
    number: int
    repository_id: RepositoryId
    pull_request: int
    actor: str
    sha: str
    command: str
    said_at: datetime
    age_seconds: float


@dataclass(frozen=True)
class CandidateRow:
    """A run that a comment may be about."""

    id: RunId
    state: str
    sha: str
    #: It was there before the comment.
    is_older: bool


async def insert_approval_comment(connection: Connection, comment: ApprovalComment) -> None:
    await execute(connection, "insert_approval_comment", **vars(comment))


async def take_approval_comments(connection: Connection, count: int, lease_seconds: float) -> list[TakenCommentRow]:
    return await fetch_all(
        connection, TakenCommentRow, "take_approval_comments", count=count, lease_seconds=lease_seconds
    )


async def postpone_approval_comment(connection: Connection, comment: TakenCommentRow, sha: str, seconds: float) -> None:
    await execute(
        connection,
        "postpone_approval_comment",
        trigger_id=comment.trigger_id,
        number=comment.number,
        sha=sha,
        seconds=seconds,
    )


async def delete_approval_comment(connection: Connection, comment: TakenCommentRow) -> None:
    await execute(connection, "delete_approval_comment", trigger_id=comment.trigger_id, number=comment.number)


async def list_runs_for_comment(connection: Connection, comment: TakenCommentRow) -> list[CandidateRow]:
    return await fetch_all(
        connection,
        CandidateRow,
        "list_runs_for_comment",
        repository_id=comment.repository_id,
        pull_request=comment.pull_request,
        said_at=comment.said_at,
    )
