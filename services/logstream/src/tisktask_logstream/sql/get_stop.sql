-- Reads as what a job is to end that was told to, and has not yet.
SELECT stop_state FROM api.stopping_jobs WHERE job_id = %(job)s
