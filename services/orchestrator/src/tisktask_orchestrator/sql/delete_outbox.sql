-- Drop messages that their stream has acknowledged.
DELETE FROM orchestrator.outbox
WHERE id = ANY(%(ids)s::bigint[])
