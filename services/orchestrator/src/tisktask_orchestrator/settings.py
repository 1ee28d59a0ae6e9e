"""What the orchestrator is told by its environment."""

from pydantic import Field, SecretStr

from tisktask_common.process.settings import BusSettings, DatabaseSettings
from tisktask_common.repository_settings import KEEP_DAYS_MAX, KEEP_RUNS_MAX

KIB = 1024
MIB = 1024**2
GIB = 1024**3


class OrchestratorSettings(BusSettings, DatabaseSettings):
    """Settings of the orchestrator; the limits are what each job may use."""

    listen: str = Field(default="127.0.0.1:4002", description="address:port of health and metrics")
    master_key: SecretStr = Field(
        description="32 bytes in base64 or hexadecimal: the secrets of repositories are stored under it",
    )
    public_url: str = Field(default="http://127.0.0.1:4000", description="address of the web pages, for links")
    allow_local_repositories: bool = Field(
        default=False, description="accept repositories that are folders of the runner's machine"
    )
    lease_seconds: float = Field(default=14, gt=0, description="how long a silent runner keeps its jobs")
    lost_retries: int = Field(
        default=1, ge=0, le=10, description="new attempts for a job whose runner was lost before the program began"
    )
    retry_pause_seconds: float = Field(
        default=5,
        ge=0,
        le=3600,
        description="before the first of the attempts that a program asks for; 4 and 12 times as long before others",
    )
    unclaimed_seconds: float = Field(default=30, gt=0, description="after it, unclaimed work is offered again")
    run_seconds_max: float = Field(default=14_400, gt=0, description="from a run's creation or approval to its end")
    job_seconds_max: int = Field(default=3600, ge=0, description="from a job's claim to its end; 0: no limit")
    job_cpus: float = Field(default=2, ge=0, description="0: no limit")
    job_memory_bytes: int = Field(default=2 * GIB, ge=0, description="0: no limit")
    job_pids: int = Field(default=1024, ge=0, description="0: no limit")
    job_log_bytes: int = Field(default=256 * MIB, ge=0, description="0: no limit")
    job_grace_seconds: int = Field(default=10, ge=0, description="between SIGTERM and SIGKILL")
    jobs_per_run_max: int = Field(default=256, ge=1, le=400, description="programs of one run")
    spawned_jobs_max: int = Field(
        default=1000, ge=0, le=10_000, description="jobs that the jobs of one run may start; 0: none"
    )
    spawn_depth_max: int = Field(default=8, ge=0, le=50, description="jobs that start jobs that start jobs")
    spawn_bytes_max: int = Field(
        default=128 * KIB, ge=1024, le=192 * KIB, description="of a started job's program with its arguments"
    )
    spawn_environment_bytes_max: int = Field(
        default=64 * KIB, ge=0, le=128 * KIB, description="of the variables that a started job is given"
    )
    annotations_per_job_max: int = Field(default=100, ge=0, le=10_000, description="remarks of one job")
    annotations_per_run_max: int = Field(default=1000, ge=0, le=10_000, description="remarks of one run's jobs")
    run_data_bytes_max: int = Field(default=16 * MIB, ge=0, description="what the jobs of a run share, all together")
    run_data_keys_max: int = Field(default=100_000, ge=0, description="keys of a run's data")
    run_data_days: float = Field(default=7, gt=0, description="how long a run's data is kept after its end")
    reconcile_seconds: float = Field(
        default=300,
        ge=0,
        le=86_400,
        description="how often repositories are looked at for what no webhook told; 0: never",
    )
    reconcile_grace_seconds: float = Field(
        default=60, ge=0, le=3600, description="how long a webhook may take before what it is about is made a run"
    )
    reconcile_runs_max: int = Field(
        default=100, ge=1, le=1000, description="runs that one look at a repository may make"
    )
    look_refs_max: int = Field(
        default=20_000, ge=1, le=1_000_000, description="branches and tags of a repository that is looked at"
    )
    looks_per_host_max: int = Field(default=4, ge=1, le=100, description="looks that one runner host makes at once")
    start_seconds_max: float = Field(
        default=600, gt=0, le=86_400, description="how long a run that was asked for waits for its commit to be known"
    )
    starts_waiting_max: int = Field(default=100, ge=1, le=10_000, description="runs of a repository that wait so")
    starts_days: float = Field(default=30, gt=0, description="how long it is remembered what became of them")
    schedules_max: int = Field(default=50, ge=0, le=1000, description="schedules of a repository")
    approval_days_max: float = Field(
        default=14, gt=0, le=365, description="how long a run waits for somebody to allow it; then it is skipped"
    )
    keep_run_days: int = Field(
        default=90, ge=0, le=KEEP_DAYS_MAX, description="ended runs are deleted after this time; 0: never by age"
    )
    keep_runs_min: int = Field(
        default=20, ge=0, le=KEEP_RUNS_MAX, description="newest runs of each repository that are kept anyway"
    )
    keep_runs_max: int = Field(
        default=0, ge=0, le=KEEP_RUNS_MAX, description="runs of each repository; older ones are deleted; 0: no limit"
    )
    keep_branch_days: int = Field(
        default=365, ge=0, le=KEEP_DAYS_MAX, description="the newest run of a branch does not go by age before this"
    )
    keep_trigger_days: int = Field(
        default=365,
        ge=30,
        le=KEEP_DAYS_MAX,
        description="how long a delivery is known, so that it makes no second run when it is sent again",
    )
