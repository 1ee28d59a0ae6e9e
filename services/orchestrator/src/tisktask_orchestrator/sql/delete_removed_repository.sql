-- Delete a removed repository, with its secrets, its schedules and what was seen of it, when its runs and triggers are gone.
WITH gone AS (
    SELECT id
    FROM orchestrator.repositories AS repository
    WHERE repository.id = %(repository_id)s
        AND repository.removed_at < now() - interval '1 day'
        AND NOT EXISTS (SELECT FROM orchestrator.runs AS run WHERE run.repository_id = repository.id)
        AND NOT EXISTS (SELECT FROM orchestrator.triggers AS trigger WHERE trigger.repository_id = repository.id)
    FOR UPDATE
), no_starts AS (
    DELETE FROM orchestrator.starts WHERE repository_id IN (SELECT id FROM gone)
), no_schedules AS (
    DELETE FROM orchestrator.schedules WHERE repository_id IN (SELECT id FROM gone)
), no_looks AS (
    DELETE FROM orchestrator.looks WHERE repository_id IN (SELECT id FROM gone)
), no_forge_looks AS (
    DELETE FROM orchestrator.forge_looks WHERE repository_id IN (SELECT id FROM gone)
), no_locks AS (
    DELETE FROM orchestrator.locks WHERE repository_id IN (SELECT id FROM gone)
), no_lock_waiters AS (
    DELETE FROM orchestrator.lock_waiters WHERE repository_id IN (SELECT id FROM gone)
)
DELETE FROM orchestrator.repositories WHERE id IN (SELECT id FROM gone)
