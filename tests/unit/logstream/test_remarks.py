"""What a page says of a job besides its state."""

from logstream_runs import make_job
from tisktask_common.lifecycle import JobState
from tisktask_logstream.web.presentation import remark_of


def test_a_job_that_waits_once_more_says_why_also_if_it_asks_for_labels() -> None:
    reason = "Attempt 1 of 3 failed with exit code 75; the next follows after a pause of 5 s."
    assert remark_of(make_job(state=JobState.QUEUED, reason=reason, labels=["gpu"])) == reason
    assert "gpu" in remark_of(make_job(state=JobState.QUEUED, labels=["gpu"]))
