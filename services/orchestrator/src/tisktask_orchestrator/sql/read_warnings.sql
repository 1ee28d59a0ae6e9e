-- Read what a run's preparation has warned of.
SELECT warnings
FROM orchestrator.runs
WHERE id = %(run_id)s
