-- Runs that repeat an older run, and jobs that are carried over from one.

ALTER TABLE runs
    ADD COLUMN rerun_of text REFERENCES runs ON DELETE SET NULL,
    -- Asked for again, it is this run.
    ADD COLUMN rerun_request_id text;
CREATE UNIQUE INDEX runs_by_rerun_request ON runs (rerun_of, rerun_request_id) WHERE rerun_of IS NOT NULL;

-- The job that has really run: what was carried over is carried over from there again.
ALTER TABLE jobs ADD COLUMN carried_from text REFERENCES jobs ON DELETE SET NULL;
CREATE INDEX jobs_carried ON jobs (carried_from) WHERE carried_from IS NOT NULL;

CREATE VIEW api.reruns AS
SELECT run.id AS run_id, run.number, run.rerun_of, older.number AS rerun_of_number
FROM orchestrator.runs AS run
JOIN orchestrator.runs AS older ON older.id = run.rerun_of;

CREATE VIEW api.carried_jobs AS
SELECT job.id AS job_id, origin.id AS carried_from, origin.run_id AS carried_from_run
FROM orchestrator.jobs AS job
JOIN orchestrator.jobs AS origin ON origin.id = job.carried_from;
