"""Runs by people who may not write to a repository: what its owner decides about them, and who allows one."""

from enum import StrEnum

from pydantic import Field

from tisktask_common.ids import RunId
from tisktask_common.rpc import Accepted, Request


class ForkPolicy(StrEnum):
    """What becomes of a run by somebody who may not write, and of every run of a fork's commit."""

    #: Somebody who may write has to allow each of them.
    ASK = "ask"
    #: Only the first of each person here, and those that change `.tisktask/`.
    FIRST_TIMERS = "first_timers"
    #: It is not run.
    NEVER = "never"
    #: It is run at once, restricted: without secrets, locks and caches of others.
    WITHOUT_SECRETS = "without_secrets"


class ApproveRun(Request[Accepted]):
    """Allow a run that waits, of the commit that it has and the programs that were found in it."""

    subject_name = "approve-run"
    reply_type = Accepted
    run_id: RunId
    actor: str


class DeclineRun(Request[Accepted]):
    """End a run that waits: it is not to be run."""

    subject_name = "decline-run"
    reply_type = Accepted
    run_id: RunId
    actor: str
    reason: str = Field(default="", description="in a sentence, for who made the change")
