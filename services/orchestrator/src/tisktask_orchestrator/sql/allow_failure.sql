-- Let the ends of these jobs not count for their run.
UPDATE orchestrator.jobs
SET may_fail = true
WHERE id = ANY(%(job_ids)s) AND finished_at IS NULL
