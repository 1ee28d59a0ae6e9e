-- List the programs of a run with what they say of themselves, those with trouble first.
SELECT name, title, state, coalesce(result, state) AS result, reason, left(summary, 65535) AS summary,
    extract(epoch FROM finished_at - started_at)::float8 AS seconds
FROM api.jobs
WHERE run_id = %(run_id)s AND kind = 'program'
ORDER BY coalesce(result, state) IN ('succeeded', 'skipped'), id
LIMIT %(count)s
