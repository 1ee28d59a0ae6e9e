-- What other services may read. Columns are only ever added.

CREATE SCHEMA IF NOT EXISTS api;

CREATE VIEW api.repositories AS
SELECT
    id, forge, full_name, clone_url, api_url,
    token IS NOT NULL AS has_token,
    webhook_secret IS NOT NULL AS has_webhook_secret,
    created_at
FROM orchestrator.repositories
WHERE removed_at IS NULL;

CREATE VIEW api.runs AS
SELECT
    run.id, run.number, run.repository_id, repository.forge, repository.full_name AS repository,
    run.change ->> 'event' AS event,
    run.change ->> 'action' AS action,
    run.sha,
    run.change ->> 'ref' AS ref,
    run.change ->> 'branch' AS branch,
    run.change ->> 'tag' AS tag,
    (run.change ->> 'pull_request')::bigint AS pull_request,
    run.change ->> 'actor' AS actor,
    run.change ->> 'title' AS title,
    run.trigger_id, trigger.delivery, run.state, run.reason, run.warnings, run.revision,
    CASE WHEN run.stop_state = 'cancelled' THEN run.stop_requested_at END AS cancel_requested_at,
    run.created_at, run.started_at, run.finished_at
FROM orchestrator.runs AS run
JOIN orchestrator.repositories AS repository ON repository.id = run.repository_id
JOIN orchestrator.triggers AS trigger ON trigger.id = run.trigger_id;

CREATE VIEW api.jobs AS
SELECT
    id, run_id, kind, name, path, state, reason, exit_code, signal, out_of_memory, attempt, runner, parent_job_id,
    created_at, queued_at, started_at, finished_at
FROM orchestrator.jobs;

CREATE VIEW api.attempts AS
SELECT
    job_id, attempt, runner, state, reason, exit_code, signal, out_of_memory, claimed_at, started_at, finished_at
FROM orchestrator.attempts;

CREATE VIEW api.runners AS
SELECT
    runner, replica, pool, slots, busy, is_draining, version, engine, last_seen_at,
    alive_until > now() AS is_alive
FROM orchestrator.runners;
