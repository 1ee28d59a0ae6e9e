"""Who has to agree before a run is deleted, and the order of a person to delete one."""

from pydantic import Field

from tisktask_common.events import Value
from tisktask_common.ids import RunId
from tisktask_common.rpc import Accepted, Request

#: In one question, and so at most in one batch of deletions.
RUNS_ASKED_MAX = 200


class NeededRuns(Value):
    """Those of the runs that are still needed."""

    run_ids: list[RunId]


class ListUndelivered(Request[NeededRuns]):
    """Which of these runs have states that the forge has not been told yet? Answered by the reporter."""

    subject_name = "undelivered-statuses"
    reply_type = NeededRuns
    run_ids: list[RunId] = Field(max_length=RUNS_ASKED_MAX)


class ListIncompleteLogs(Request[NeededRuns]):
    """Which of these runs have logs whose end is not stored yet? Answered by logstream."""

    subject_name = "incomplete-logs"
    reply_type = NeededRuns
    run_ids: list[RunId] = Field(max_length=RUNS_ASKED_MAX)
    patience_seconds: float = Field(description="after an attempt's end; what has not come by then is not waited for")


class DeleteRun(Request[Accepted]):
    """Delete a run that has ended, with all that belongs to it. One that is not there is deleted."""

    subject_name = "delete-run"
    reply_type = Accepted
    run_id: RunId
    actor: str = ""
