-- Lists logs whose end was not recorded.
SELECT run, job, attempt FROM logstream.logs WHERE NOT is_complete ORDER BY job, attempt
