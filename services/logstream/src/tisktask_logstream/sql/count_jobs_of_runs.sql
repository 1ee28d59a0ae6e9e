-- Counts the programs of some runs by their states.
SELECT run_id, state, count(*) AS jobs
FROM api.jobs
WHERE run_id = ANY(%(runs)s) AND kind = 'program'
GROUP BY run_id, state
