-- Forget the channels of a job but for these.
DELETE FROM orchestrator.subscriptions
WHERE job_id = %(job_id)s AND channel <> ALL(%(channels)s::bytea[])
