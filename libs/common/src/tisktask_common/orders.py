"""What people order through the API: to end what runs, and to run again what has ended."""

from enum import StrEnum

from tisktask_common.events import Value
from tisktask_common.ids import JobId, RunId
from tisktask_common.rpc import Accepted, Request


class CancelRun(Request[Accepted]):
    """End a run and all its jobs."""

    subject_name = "cancel-run"
    reply_type = Accepted
    run_id: RunId
    actor: str = ""


class CancelJob(Request[Accepted]):
    """End one job."""

    subject_name = "cancel-job"
    reply_type = Accepted
    job_id: JobId
    actor: str = ""


class RerunMode(StrEnum):
    """What of a run that has ended is run again."""

    #: Everything, the preparation included.
    ALL = "all"
    #: The discovered jobs that have not succeeded; the others are carried over.
    FAILED = "failed"


class RunMade(Value):
    """The new run, or the one that the same request has made before."""

    run_id: RunId
    number: int
    is_new: bool


class RerunRun(Request[RunMade]):
    """Make a new run of what a run that has ended was about. The same request id makes one run."""

    subject_name = "rerun-run"
    reply_type = RunMade
    run_id: RunId
    mode: RerunMode = RerunMode.ALL
    actor: str = ""
    request_id: str


class RerunJob(Request[RunMade]):
    """Make a new run in which this job runs again (of a job that another has started: the first of its line)."""

    subject_name = "rerun-job"
    reply_type = RunMade
    job_id: JobId
    actor: str = ""
    request_id: str
