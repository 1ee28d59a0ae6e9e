-- Note a delivery of a repository in use; no row: it was noted before, or the repository is not in use.
INSERT INTO orchestrator.triggers (id, repository_id, delivery, payload_chunks, payload_bytes, received_at)
SELECT %(id)s, repository.id, %(delivery)s, %(payload_chunks)s, %(payload_bytes)s, %(received_at)s
FROM orchestrator.repositories AS repository
WHERE repository.id = %(repository_id)s AND repository.removed_at IS NULL
ON CONFLICT DO NOTHING
RETURNING id
