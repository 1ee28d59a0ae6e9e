-- Counts the runs that repeat a run.
SELECT count(*) AS reruns
FROM api.reruns
WHERE rerun_of = %(run)s
