-- Jobs that ask for labels are looked for whenever a job of their repository ends, if it has a limit.
CREATE INDEX jobs_with_labels_of_repository ON jobs (repository_id) WHERE finished_at IS NULL AND labels <> '{}';

-- Jobs that were told to end, and have not yet.
CREATE VIEW api.stopping_jobs AS
SELECT id AS job_id, stop_state, stop_reason
FROM jobs
WHERE stop_state IS NOT NULL AND finished_at IS NULL;
