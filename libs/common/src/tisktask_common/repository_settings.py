"""What a repository's owner decides about its runs, and the request that changes it."""

from pydantic import Field

from tisktask_common.approvals import ForkPolicy
from tisktask_common.events import Value
from tisktask_common.ids import RepositoryId
from tisktask_common.rpc import Request

#: A repository's jobs at once, where that is limited.
JOBS_MAX = 10_000
#: A repository's priority, up and down.
PRIORITY_MAX = 10
#: How long runs may be kept, and how many.
KEEP_DAYS_MAX = 36_500
KEEP_RUNS_MAX = 1_000_000
#: In place of a number of days or runs: what the orchestrator's settings say holds again.
KEEP_AS_SET = -1


class RepositorySettings(Value):
    """What holds for the runs of a repository."""

    supersede_pull_requests: bool = Field(description="a new commit cancels older runs of its pull request")
    supersede_branches: bool = Field(description="a push cancels older runs of its branch")
    jobs_max: int | None = Field(description="jobs at work at once; null: no limit")
    priority: int = Field(description="-10 to 10: jobs of a higher one are started first")
    reconcile: bool = Field(default=True, description="what no webhook told of is looked for and run")
    keep_days: int | None = Field(default=None, description="of ended runs; 0: for ever; null: as the settings say")
    keep_min: int | None = Field(default=None, description="newest runs that are kept; null: as the settings say")
    keep_max: int | None = Field(default=None, description="runs at most; 0: no limit; null: as the settings say")
    forks: ForkPolicy = Field(default=ForkPolicy.ASK, description="what becomes of runs by those who may not write")


class ChangeRepository(Request[RepositorySettings]):
    """Change settings of a repository; null: as before."""

    subject_name = "change-repository"
    reply_type = RepositorySettings
    repository_id: RepositoryId
    supersede_pull_requests: bool | None = None
    supersede_branches: bool | None = None
    jobs_max: int | None = Field(default=None, description="zero: no limit")
    priority: int | None = None
    reconcile: bool | None = None
    keep_days: int | None = Field(default=None, description="-1: as the settings say")
    keep_min: int | None = Field(default=None, description="-1: as the settings say")
    keep_max: int | None = Field(default=None, description="-1: as the settings say; zero: no limit")
    forks: ForkPolicy | None = None
