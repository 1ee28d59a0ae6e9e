-- Let a replica take work again, or a host with all its replicas.
DELETE FROM orchestrator.runner_pauses
WHERE runner = %(runner)s AND (%(replica)s = '' OR replica = %(replica)s)
