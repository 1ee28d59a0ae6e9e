"""What is known of a run's trust: whether it is restricted, why it waits, who has allowed it."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from tisktask_logstream.rows import Record


class TrustState(StrEnum):
    """Where the vetting of a run is."""

    #: Its programs are being looked up; nothing of it has run.
    INSPECTED = "inspected"
    #: A person has to allow it.
    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    #: Nobody has allowed it in time.
    EXPIRED = "expired"
    #: It went on without anybody being asked.
    NOT_NEEDED = "not_needed"


class RunTrust(Record):
    """The vetting of a run that was caused by somebody who may not write, or is of a fork's commit."""

    is_restricted: bool = Field(description="it gets no secrets, locks and images of its own, also when approved")
    why: str = Field(description="why it was vetted, in a sentence")
    state: TrustState = Field(description="inspected, waiting, approved, declined, expired or not_needed")
    programs: list[str] = Field(default_factory=list[str], description="names of the jobs that it would have, or has")
    programs_tree: str = Field(default="", description="git's id of its .tisktask/: what was approved, besides the sha")
    changes_programs: bool | None = Field(
        default=None, description="its .tisktask/ differs from that of the branch it is for; null: not known"
    )
    held_at: datetime | None = Field(default=None, description="when it began to wait")
    decided_by: str = Field(default="", description="who has approved or declined it")
    decided_at: datetime | None = None
    note: str = Field(default="", description="what somebody has tried about it in vain, in a sentence")
