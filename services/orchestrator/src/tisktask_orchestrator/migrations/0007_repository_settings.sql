-- What a repository's owner decides about its runs: which are overtaken, how many jobs at once, who goes first.

ALTER TABLE repositories
    ADD COLUMN supersede_pull_requests boolean NOT NULL DEFAULT true,
    ADD COLUMN supersede_branches boolean NOT NULL DEFAULT false,
    -- Jobs at work at once; null: no limit.
    ADD COLUMN jobs_max integer CHECK (jobs_max BETWEEN 1 AND 10000),
    ADD COLUMN priority integer NOT NULL DEFAULT 0 CHECK (priority BETWEEN -10 AND 10);

-- What a run is the newest of: a pull request or a branch. null: it overtakes nothing, and nothing overtakes it.
ALTER TABLE runs ADD COLUMN line text;
CREATE INDEX runs_of_line ON runs (repository_id, line, number) WHERE finished_at IS NULL AND line IS NOT NULL;

-- Which of its jobs only wait for others, as each replica says: they do not count as being at work.
ALTER TABLE runners ADD COLUMN waiting_jobs text[] NOT NULL DEFAULT '{}';
-- A repository's jobs at work are counted only where it has a limit.
CREATE INDEX jobs_taken_of_repository ON jobs (repository_id) WHERE finished_at IS NULL AND dispatched_at IS NOT NULL;

-- Whose turn comes first, and how many more jobs may be at work; null: as many as there is room for.
CREATE VIEW repository_turns AS
SELECT
    repository.id AS repository_id,
    repository.priority,
    CASE WHEN repository.jobs_max IS NOT NULL THEN greatest(0, repository.jobs_max - (
        SELECT count(*)
        FROM jobs AS job
        WHERE job.repository_id = repository.id
            AND job.finished_at IS NULL
            AND job.dispatched_at IS NOT NULL
            -- What is only offered to hosts with labels is counted when one of them claims it: it may be that none does.
            AND (job.state <> 'queued' OR job.labels = '{}')
            AND NOT EXISTS (
                SELECT FROM runners AS host
                WHERE host.runner = job.runner AND host.alive_until > now() AND job.id = ANY(host.waiting_jobs)
            )
    )) END AS room
FROM repositories AS repository;

CREATE OR REPLACE VIEW api.repositories AS
SELECT
    id, forge, full_name, clone_url, api_url,
    token IS NOT NULL AS has_token,
    webhook_secret IS NOT NULL AS has_webhook_secret,
    created_at,
    supersede_pull_requests, supersede_branches, jobs_max, priority
FROM orchestrator.repositories
WHERE removed_at IS NULL;
