-- List the hosts that have jobs of a run at work.
SELECT DISTINCT runner
FROM orchestrator.jobs
WHERE run_id = %(run_id)s AND state IN ('starting', 'running') AND runner IS NOT NULL
