-- List all repositories that there is something of, in order of id, also those that were removed.
SELECT id, removed_at IS NOT NULL AS is_removed
FROM orchestrator.repositories
ORDER BY id
