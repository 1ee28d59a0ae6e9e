"""What a request may change about a repository."""

from pydantic import Field, SecretStr, field_validator

from tisktask_common.approvals import ForkPolicy
from tisktask_common.repository_settings import JOBS_MAX, KEEP_DAYS_MAX, KEEP_RUNS_MAX, PRIORITY_MAX
from tisktask_logstream.api.models import Strict


class GithubApp(Strict):
    """A GitHub App that speaks for Tisktask."""

    id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,100}$", description="its number or client id")
    private_key: SecretStr = Field(max_length=4096, description="PEM, as GitHub's page of the App makes it")


class RepositoryChange(Strict):
    """Settings of a repository to change. What is not given stays as it is."""

    supersede_pull_requests: bool | None = Field(
        default=None, strict=True, description="a new commit cancels older runs of its pull request"
    )
    supersede_branches: bool | None = Field(
        default=None, strict=True, description="a push cancels older runs of its branch"
    )
    jobs_max: int | None = Field(
        default=None, strict=True, ge=1, le=JOBS_MAX, description="jobs at work at once; null: no limit"
    )
    priority: int | None = Field(
        default=None,
        strict=True,
        ge=-PRIORITY_MAX,
        le=PRIORITY_MAX,
        description="jobs of a higher one are started first",
    )
    reconcile: bool | None = Field(
        default=None, strict=True, description="what no webhook told of is looked for and run"
    )
    forks: ForkPolicy | None = Field(default=None, description="what becomes of runs by those who may not write")
    app: GithubApp | None = Field(default=None, description="reports its runs, instead of the token; null: none")
    has_comment: bool | None = Field(
        default=None, strict=True, description="pull requests have a comment that is kept up to date"
    )

    keep_days: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=KEEP_DAYS_MAX,
        description="runs are deleted so long after their end; 0: never by age; null: as the server's settings say",
    )
    keep_min: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=KEEP_RUNS_MAX,
        description="so many of the newest runs are kept; null: as the server's settings say",
    )
    keep_max: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=KEEP_RUNS_MAX,
        description="older runs than so many are deleted; 0: no limit; null: as the server's settings say",
    )

    @field_validator("supersede_pull_requests", "supersede_branches", "priority", "has_comment", "reconcile", "forks")
    @classmethod
    def _is_given(cls, value: int | ForkPolicy | None) -> int | ForkPolicy:
        if value is None:
            raise ValueError("must not be null")
        return value
