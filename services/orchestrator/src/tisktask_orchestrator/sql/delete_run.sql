-- Delete a run with all that belongs to it, but for its trigger: by that a repeated delivery is known.
WITH job AS (
    SELECT id FROM orchestrator.jobs WHERE run_id = %(run_id)s
), no_history AS (
    DELETE FROM orchestrator.history WHERE run_id = %(run_id)s
), no_annotations AS (
    DELETE FROM orchestrator.annotations WHERE run_id = %(run_id)s
), no_subscriptions AS (
    DELETE FROM orchestrator.subscriptions WHERE run_id = %(run_id)s
), no_locks AS (
    DELETE FROM orchestrator.locks WHERE job_id IN (SELECT id FROM job)
), no_lock_waiters AS (
    DELETE FROM orchestrator.lock_waiters WHERE job_id IN (SELECT id FROM job)
), no_replies AS (
    DELETE FROM orchestrator.data_replies WHERE job_id IN (SELECT id FROM job)
), no_data AS (
    DELETE FROM orchestrator.run_data WHERE run_id = %(run_id)s
), no_attempts AS (
    DELETE FROM orchestrator.attempts WHERE job_id IN (SELECT id FROM job)
), no_jobs AS (
    DELETE FROM orchestrator.jobs WHERE run_id = %(run_id)s
)
DELETE FROM orchestrator.runs WHERE id = %(run_id)s
