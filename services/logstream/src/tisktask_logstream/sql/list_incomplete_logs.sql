-- Lists logs whose end was not recorded.
SELECT run, job, attempt, container FROM logstream.logs WHERE NOT is_complete ORDER BY job, attempt, container
