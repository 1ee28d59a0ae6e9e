"""Requests between services, and their replies. All are idempotent: a caller that got no answer asks again."""

from datetime import datetime
from typing import ClassVar, Generic, TypeVar

from pydantic import Field

from tisktask_common.events import Change, Given, Repository, Value
from tisktask_common.ids import JobId, RepositoryId, RunId, TriggerId
from tisktask_common.lifecycle import JobKind, JobState

ReplyT = TypeVar("ReplyT", bound=Value)


class Request(Value, Generic[ReplyT]):
    """A question with the name of its subject and the type of its answer."""

    subject_name: ClassVar[str]
    reply_type: ClassVar[type[Value]]


class Accepted(Value):
    """Whether a report or an order took effect; `False` means that it was overtaken (stale, fenced off, done)."""

    accepted: bool
    reason: str = ""


class AttemptRef(Value):
    """One attempt of one job: the number is the fence."""

    job_id: JobId
    attempt: int


class Limits(Value):
    """What a job may use. Zero means: no limit."""

    cpus: float = 0
    memory_bytes: int = 0
    pids: int = 0
    seconds: int = Field(default=0, description="from the claim to the end")
    log_bytes: int = 0
    grace_seconds: int = Field(default=10, description="between SIGTERM and SIGKILL when it is stopped")


class Policy(Value):
    """How a program wants to be run, as its header comment says it. By default as every job."""

    retries: int = Field(default=0, description="new attempts after ends that on_lost and on_codes name")
    on_lost: bool = Field(default=False, description="also when its host is lost after it began")
    on_codes: list[int] = Field(
        default_factory=list[int], description="exit codes; none, and not on_lost: every failure"
    )
    seconds_max: int | None = Field(default=None, description="null: what every job has")
    labels: list[str] = Field(default_factory=list[str], description="what the runner's host must offer")
    paths: list[str] = Field(default_factory=list[str], description="files whose change it runs for; none: whatever")


class Program(Value):
    """A file that is a job, and where its image comes from."""

    name: str = Field(description="below the event's folder: build, or opened/build")
    path: str = Field(description="from the repository's root: .tisktask/push/build")
    build_file: str | None = Field(default=None, description="path of its Dockerfile; null: the default image")
    image_key: str | None = Field(default=None, description="content key of its image; null: the default image")
    image: str | None = Field(default=None, description="name of an image, instead of a build file")
    shell: str | None = Field(default=None, description="a command line for the image's /bin/sh, instead of path")
    arguments: list[str] = Field(default_factory=list[str], description="of a job that another job has started")
    policy: Policy = Field(default=Policy(), description="as it stood in the program when the job was made")
    skip_reason: str = Field(default="", description="of a preparation: it is not to run, and why; empty: it is")


class JobSpec(Given):
    """All that a runner needs for one attempt. Secrets are sealed for the key that came with the claim."""

    run_id: RunId
    run_number: int
    job_id: JobId
    attempt: int
    kind: JobKind
    name: str
    repository: Repository
    trigger_id: TriggerId
    delivery: str
    payload_chunks: int
    change: Change
    clone_url: str
    sealed_token: str | None = Field(default=None, description="token for fetching, sealed")
    program: Program | None = Field(default=None, description="null for kind prepare")
    parent_job_id: JobId | None = None
    sealed_environment: str | None = Field(default=None, description="more variables, a JSON object, sealed")
    limits: Limits = Limits()
    page_url: str = Field(default="", description="address of the run's page")
    api_url: str = Field(default="", description="the forge's address, for people and for environment variables")
    is_inspection: bool = Field(default=False, description="of a preparation: only look, build and pull nothing")
    is_restricted: bool = Field(default=False, description="of a run by somebody who may not write")
    cache_scope: str = Field(default="", description="whose images and layers it may share; empty: all trusted runs")
    approved_tree: str = Field(default="", description="id that .tisktask/ must have, as approved; empty: any")


class JobGrant(Value):
    """The answer to a claim: the spec if it was granted."""

    granted: bool
    reason: str = ""
    spec: JobSpec | None = None
    lease_seconds: float = 15


class ClaimJob(Request[JobGrant]):
    """A runner takes an attempt. Granted again to the same host while the attempt is its own."""

    subject_name = "claim"
    reply_type = JobGrant
    job_id: JobId
    attempt: int
    runner: str
    public_key: str = Field(description="base64 X25519 key that secrets are sealed for")
    can_restrict: bool = Field(default=False, description="it knows inspections, and keeps restricted runs apart")


class JobBegan(Request[Accepted]):
    """The program (or the preparation) was started: from here on it has side effects."""

    subject_name = "began"
    reply_type = Accepted
    job_id: JobId
    attempt: int
    runner: str
    started_at: datetime


class BuiltImage(Value):
    """An image that was really built, not found."""

    key: str
    build_file: str
    seconds: float


class Prepared(Value):
    """What a preparation found out."""

    programs: list[Program]
    warnings: list[str] = Field(default_factory=list[str])
    title: str = Field(default="", description="first line of the commit's message")
    images_built: list[BuiltImage] = Field(default_factory=list[BuiltImage])
    programs_tree: str = Field(default="", description="git's id of the tree .tisktask; empty: there is none")
    changes_programs: bool | None = Field(default=None, description="it differs from the base's; null: not known")


class JobEnded(Request[Accepted]):
    """An attempt has ended."""

    subject_name = "ended"
    reply_type = Accepted
    job_id: JobId
    attempt: int
    runner: str
    state: JobState = Field(description="a final state")
    ended_at: datetime
    exit_code: int | None = None
    signal: int | None = None
    out_of_memory: bool = False
    reason: str = ""
    prepared: Prepared | None = None


class StopOrder(AttemptRef):
    """Stop this attempt; it is to end in `state` (cancelled or timed_out) with `reason`."""

    state: JobState
    reason: str


class HeartbeatReply(Value):
    """What the host must act on: attempts to stop, and attempts that are no longer its own (kill, report nothing)."""

    stop: list[StopOrder] = Field(default_factory=list[StopOrder])
    fenced: list[AttemptRef] = Field(default_factory=list[AttemptRef])
    offers: list[AttemptRef] = Field(
        default_factory=list[AttemptRef], description="attempts that ask for labels which this host has: claim them"
    )
    is_paused: bool = Field(default=False, description="take nothing more until this is false again")
    looks: list[RepositoryId] = Field(default_factory=list[RepositoryId], description="take each look and answer it")


class Heartbeat(Request[HeartbeatReply]):
    """One replica of a host lives and holds these attempts: their leases are extended."""

    subject_name = "heartbeat"
    reply_type = HeartbeatReply
    runner: str
    replica: str
    slots: int = Field(description="jobs that this replica runs at once")
    pool: str
    attempts: list[AttemptRef]
    waiting: int = Field(default=0, description="jobs that wait for others, and lend their slot meanwhile")
    waiting_jobs: list[JobId] = Field(default_factory=list[JobId], description="which of the attempts' jobs wait so")
    free: int = Field(default=0, description="slots without a job")
    labels: list[str] = Field(default_factory=list[str], description="what this host offers besides its pool")
    is_draining: bool = False
    has_paused: bool = Field(default=False, description="takes nothing, as it was told, and no claim is on its way")
    version: str = ""
    engine: str = Field(default="", description="what runs the containers: podman 4.3.1, runc, cgroup v1")
    can_look: bool = Field(default=False, description="it knows what to do with looks, and has a thread for them")
    problem: str = Field(default="", description="why it takes no work, for people; empty: all is well")


class HookSecrets(Value):
    """A webhook's repository with its secrets, sealed for ingest."""

    repository: Repository
    sealed_secrets: list[str]
    secret_numbers: list[int] = Field(default_factory=list[int], description="of each secret: ingest names it by that")
    clone_url: str = ""
    external_id: int | None = Field(default=None, description="the forge's own number for it, once a delivery told it")


class RepositoryPage(Value):
    """Some of the repositories, in order of id."""

    items: list[HookSecrets]
    next_after: RepositoryId | None = None


class ListRepositories(Request[RepositoryPage]):
    """Ingest asks for repositories and their webhook secrets."""

    subject_name = "repositories"
    reply_type = RepositoryPage
    public_key: str
    after: RepositoryId | None = None


class Credential(Value):
    """Where and with what the reporter speaks to a repository's forge."""

    repository: Repository
    api_url: str = Field(description="empty: this repository's forge takes no statuses")
    sealed_token: str | None
    app_id: str | None = Field(default=None, description="of the GitHub App to speak as, instead of with the token")
    sealed_app_key: str | None = Field(default=None, description="that App's private key (PEM), sealed")
    has_comment: bool = Field(default=False, description="pull requests have a comment that is kept up to date")


class AskCredential(Request[Credential]):
    """The reporter asks for a repository's forge address and token."""

    subject_name = "credential"
    reply_type = Credential
    repository_id: RepositoryId
    public_key: str


class PublicKey(Value):
    """A key that secrets can be sealed for."""

    public_key: str


class AskPublicKey(Request[PublicKey]):
    """The API asks what key to seal new secrets for."""

    subject_name = "public-key"
    reply_type = PublicKey


class AddRepository(Request[Repository]):
    """Add a repository or change one: the same forge and name is the same repository."""

    subject_name = "add-repository"
    reply_type = Repository
    forge: str
    full_name: str
    clone_url: str
    api_url: str = ""
    sealed_token: str | None = Field(default=None, description="sealed for the orchestrator; null: keep, or none")
    sealed_webhook_secret: str | None = Field(default=None, description="sealed; null: keep, or none")


class RenameRepository(Request[Accepted]):
    """The forge knows a repository by another name now: the reporter was redirected there."""

    subject_name = "rename-repository"
    reply_type = Accepted
    repository_id: RepositoryId
    old_name: str
    full_name: str


class RemoveRepository(Request[Accepted]):
    """Take no more triggers from a repository; its runs stay. The answer's reason says what is left to do by hand."""

    subject_name = "remove-repository"
    reply_type = Accepted
    repository_id: RepositoryId
    removes_webhook: bool = Field(default=False, description="at the forge, if it was made by us")
