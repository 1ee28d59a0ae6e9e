"""What retention would delete now, and what everything else is kept for: counted, nothing is changed."""

from pydantic import Field

from tisktask_common.events import Value
from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import Request


class RepositoryRetention(Value):
    """A repository's runs by what its rules say of them now."""

    repository_id: RepositoryId
    full_name: str
    #: Of a removed repository only age counts.
    is_removed: bool = False
    #: The rules that hold: its own, else the server's. 0 days: for ever; 0 at most: no limit.
    keep_days: int
    keep_min: int
    keep_max: int
    #: Runs that the rules let go: too old, or too many.
    old: int = 0
    too_many: int = 0
    #: Of these, what is needed for the moment, and what for; the others go in the next round.
    needed: dict[str, int] = Field(default_factory=dict)
    #: Of these, the ones that nobody was asked about.
    not_asked: int = 0
    #: Runs that the rules keep: at_work, young, newest, newest_of_branch, shown_in_another.
    kept: dict[str, int] = Field(default_factory=dict)


class RetentionReport(Value):
    """What a round of retention would find."""

    repositories: list[RepositoryRetention]
    #: Repositories that there was no time or room for: ask for one by its name.
    left_out: int = 0
    #: Triggers that are forgotten: old, and no run of them is left.
    old_triggers: int = 0
    keep_trigger_days: int = 0
    keep_branch_days: int = 0


class ShowRetention(Request[RetentionReport]):
    """Go through the rules without deleting anything. Answered by the orchestrator."""

    subject_name = "show-retention"
    reply_type = RetentionReport
    #: A name or an id; empty: all.
    repository: str = ""
