-- Read the forge's numbers of repositories, where they are known.
SELECT id, external_id
FROM orchestrator.repositories
WHERE id = ANY(%(ids)s) AND external_id IS NOT NULL
