-- Note the forge's own number of a repository in use, if it is another than what is known.
UPDATE orchestrator.repositories
SET external_id = %(external_id)s, changed_at = now()
WHERE id = %(id)s AND removed_at IS NULL AND external_id IS DISTINCT FROM %(external_id)s
