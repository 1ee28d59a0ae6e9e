-- Count the jobs of a run by what they are, where they are, and whether they decide about the run.
SELECT kind, kind = 'prepare' AND name = 'inspect' AS is_inspection, state, may_fail, count(*)::integer AS jobs
FROM orchestrator.jobs
WHERE run_id = %(run_id)s
GROUP BY kind, kind = 'prepare' AND name = 'inspect', state, may_fail
