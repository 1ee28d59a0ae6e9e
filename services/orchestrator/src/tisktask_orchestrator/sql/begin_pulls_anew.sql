-- Before it is switched on again: the pull requests that are seen next are where we begin.
UPDATE orchestrator.forge_looks AS look
SET baseline_url = NULL, next_at = now(), deliveries_from = now()
FROM orchestrator.repositories AS repository
WHERE look.repository_id = %(repository_id)s AND repository.id = look.repository_id AND NOT repository.reconcile
