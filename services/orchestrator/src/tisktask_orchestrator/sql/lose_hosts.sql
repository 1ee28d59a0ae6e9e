-- Note which hosts have gone silent in all their replicas.
UPDATE orchestrator.hosts AS host
SET is_lost = true
WHERE NOT host.is_lost
    AND NOT EXISTS (
        SELECT FROM orchestrator.runners AS runner
        WHERE runner.runner = host.runner AND runner.alive_until > now()
    )
RETURNING
    host.runner,
    (
        SELECT coalesce(sum(runner.slots), 0)::integer
        FROM orchestrator.runners AS runner
        WHERE runner.runner = host.runner
    ) AS slots
