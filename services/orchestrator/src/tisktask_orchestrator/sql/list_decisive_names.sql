-- List some of the programs that have brought their run to its state.
SELECT name
FROM orchestrator.jobs
WHERE run_id = %(run_id)s AND kind = 'program' AND state = %(state)s AND NOT may_fail
ORDER BY id
LIMIT %(count)s
