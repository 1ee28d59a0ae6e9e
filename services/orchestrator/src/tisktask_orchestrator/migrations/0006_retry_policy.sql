-- When a job that has failed, or was lost after it began, is tried again: what its program's header comment says.

ALTER TABLE jobs
    ADD COLUMN retries integer NOT NULL DEFAULT 0,
    ADD COLUMN retry_on_lost boolean NOT NULL DEFAULT false,
    -- Exit codes; empty, and not on lost: every failure.
    ADD COLUMN retry_codes integer[] NOT NULL DEFAULT '{}',
    -- Other attempts follow losses before the program began: those are not counted here.
    ADD COLUMN retries_used integer NOT NULL DEFAULT 0,
    -- The pause before an attempt.
    ADD COLUMN not_before timestamptz NOT NULL DEFAULT '-infinity';

CREATE VIEW api.retries AS
SELECT id AS job_id, retries, retry_on_lost, retry_codes, retries_used, not_before
FROM orchestrator.jobs
WHERE retries > 0;
