-- How long runs are kept. What has ended long ago is found and deleted run by run.

ALTER TABLE repositories
    -- null: what the orchestrator's settings say. 0 days: for ever.
    ADD COLUMN keep_days integer CHECK (keep_days BETWEEN 0 AND 36500),
    ADD COLUMN keep_min integer CHECK (keep_min BETWEEN 0 AND 1000000),
    -- 0: no limit.
    ADD COLUMN keep_max integer CHECK (keep_max BETWEEN 0 AND 1000000);

-- The history is written with what it is about, in one statement. An index for the deletion of jobs, which this constraint
-- would need, would have to be kept up at every move of every job.
ALTER TABLE history DROP CONSTRAINT history_job_id_fkey;

-- Those that no run is left of go by age.
CREATE INDEX triggers_by_age ON triggers (received_at);

CREATE VIEW api.retention AS
SELECT id AS repository_id, keep_days, keep_min, keep_max
FROM orchestrator.repositories
WHERE removed_at IS NULL;
