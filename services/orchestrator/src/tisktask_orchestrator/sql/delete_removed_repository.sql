-- Delete a removed repository, with its secrets, of which nothing is left.
DELETE FROM orchestrator.repositories AS repository
WHERE repository.id = %(repository_id)s
    AND repository.removed_at < now() - interval '1 day'
    AND NOT EXISTS (SELECT FROM orchestrator.runs AS run WHERE run.repository_id = repository.id)
    AND NOT EXISTS (SELECT FROM orchestrator.triggers AS trigger WHERE trigger.repository_id = repository.id)
