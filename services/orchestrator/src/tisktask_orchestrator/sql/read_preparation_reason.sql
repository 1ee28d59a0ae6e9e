-- Read why a run's preparation ended as it did; of one that was not prepared, its inspection.
SELECT reason
FROM orchestrator.jobs
WHERE run_id = %(run_id)s AND kind = 'prepare'
ORDER BY name = 'inspect'
LIMIT 1
