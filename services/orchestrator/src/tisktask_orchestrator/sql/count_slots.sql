-- Count the slots of a host's live replicas.
SELECT coalesce(sum(slots), 0)::integer AS slots
FROM orchestrator.runners
WHERE runner = %(runner)s AND alive_until > now()
