-- Ask a forge soon, whatever it has refused before: the repository's settings were changed.
UPDATE orchestrator.forge_looks
SET next_at = now(), tries = 0, deliveries_next_at = now()
WHERE repository_id = %(repository_id)s
