-- Read why a run's preparation ended as it did.
SELECT reason
FROM orchestrator.jobs
WHERE run_id = %(run_id)s AND kind = 'prepare'
