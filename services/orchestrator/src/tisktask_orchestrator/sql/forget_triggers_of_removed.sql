-- Forget some triggers of a removed repository of which no run is left.
DELETE FROM orchestrator.triggers
WHERE id IN (
    SELECT trigger.id
    FROM orchestrator.triggers AS trigger
    JOIN orchestrator.repositories AS repository ON repository.id = trigger.repository_id
    WHERE repository.id = %(repository_id)s
        AND repository.removed_at < now() - interval '1 day'
        AND NOT EXISTS (SELECT FROM orchestrator.runs AS run WHERE run.repository_id = repository.id)
    LIMIT %(count)s
)
