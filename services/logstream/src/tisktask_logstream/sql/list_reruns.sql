-- Lists the runs that repeat a run, the newest last; only the newest where there are very many.
SELECT run_id, number
FROM (
    SELECT run_id, number
    FROM api.reruns
    WHERE rerun_of = %(run)s
    ORDER BY number DESC
    LIMIT %(limit)s
) AS newest
ORDER BY number
