-- Before it is switched on again: what is seen next is where we begin. Meanwhile commits came that nobody wants to run now.
INSERT INTO orchestrator.looks (repository_id, wanted_at)
SELECT id, now()
FROM orchestrator.repositories
WHERE id = %(repository_id)s AND NOT reconcile
ON CONFLICT (repository_id) DO UPDATE SET baseline_url = NULL, wanted_at = now()
