-- Jobs that jobs have started, and what jobs say about themselves.

ALTER TABLE jobs
    ADD COLUMN image text,
    ADD COLUMN shell text,
    ADD COLUMN arguments text[] NOT NULL DEFAULT '{}',
    -- A JSON object, locked with the master key.
    ADD COLUMN environment bytea,
    ADD COLUMN labels text[] NOT NULL DEFAULT '{}',
    -- null: what every job has.
    ADD COLUMN seconds_max integer,
    ADD COLUMN depth integer NOT NULL DEFAULT 0,
    -- Of the parent: asked for again, it is this job.
    ADD COLUMN spawn_key text,
    ADD COLUMN spawn_request_id text,
    ADD COLUMN has_status boolean NOT NULL DEFAULT true,
    ADD COLUMN may_fail boolean NOT NULL DEFAULT false,
    ADD COLUMN is_detached boolean NOT NULL DEFAULT false,
    -- It and all that it has started have ended: the worst of their states; null: not yet.
    ADD COLUMN result text CHECK (result IN ('succeeded', 'failed', 'errored', 'cancelled', 'timed_out', 'skipped')),
    ADD COLUMN title text NOT NULL DEFAULT '',
    ADD COLUMN status_text text NOT NULL DEFAULT '',
    ADD COLUMN summary text NOT NULL DEFAULT '',
    -- How often it has changed what is said about it: each time is an event.
    ADD COLUMN descriptions integer NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX jobs_by_spawn_key ON jobs (parent_job_id, spawn_key) WHERE spawn_key IS NOT NULL;
CREATE UNIQUE INDEX jobs_by_spawn_request ON jobs (parent_job_id, spawn_request_id) WHERE spawn_request_id IS NOT NULL;
CREATE INDEX jobs_of_parent ON jobs (parent_job_id) WHERE parent_job_id IS NOT NULL;
-- What a parent's result waits for.
CREATE INDEX jobs_not_concluded ON jobs (parent_job_id)
    WHERE parent_job_id IS NOT NULL AND NOT is_detached AND result IS NULL;
UPDATE jobs SET result = state WHERE finished_at IS NOT NULL;

-- A run may also be ended as failed, by one of its jobs.
ALTER TABLE runs DROP CONSTRAINT runs_stop_state_check;
ALTER TABLE runs ADD CONSTRAINT runs_stop_state_check CHECK (stop_state IN ('cancelled', 'timed_out', 'failed'));

CREATE TABLE annotations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id text NOT NULL REFERENCES runs,
    job_id text NOT NULL REFERENCES jobs,
    attempt integer NOT NULL,
    request_id text NOT NULL,
    level text NOT NULL CHECK (level IN ('notice', 'warning', 'error')),
    file text,
    line integer,
    text text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (job_id, request_id)
);
CREATE INDEX annotations_of_run ON annotations (run_id, id);

-- Runners that have what a job asks for get it offered; those that wait lend their slots.
ALTER TABLE runners
    ADD COLUMN labels text[] NOT NULL DEFAULT '{}',
    ADD COLUMN waiting integer NOT NULL DEFAULT 0;
-- What jobs have started goes before what else waits in the repository.
DROP INDEX jobs_waiting;
CREATE INDEX jobs_waiting ON jobs (pool, repository_id, depth DESC, id)
    WHERE finished_at IS NULL AND dispatched_at IS NULL AND labels = '{}';
CREATE INDEX jobs_with_labels ON jobs (run_id) WHERE finished_at IS NULL AND labels <> '{}';

-- CREATE OR REPLACE only adds columns at the end.
CREATE OR REPLACE VIEW api.jobs AS
SELECT
    id, run_id, kind, name, path, state, reason, exit_code, signal, out_of_memory, attempt, runner, parent_job_id,
    created_at, queued_at, started_at, finished_at,
    title, status_text, summary, result, labels, has_status, may_fail, is_detached, arguments, shell
FROM orchestrator.jobs;

CREATE OR REPLACE VIEW api.runners AS
SELECT
    runner, replica, pool, slots, busy, is_draining, version, engine, last_seen_at,
    alive_until > now() AS is_alive,
    labels, waiting
FROM orchestrator.runners;

CREATE VIEW api.annotations AS
SELECT id, run_id, job_id, attempt, level, file, line, text, created_at
FROM orchestrator.annotations;
