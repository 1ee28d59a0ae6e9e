-- Find the newest run of a pull request that has not ended, if a push of this very head has made it. Forges read the head when
-- they tell of a push, so that two quick ones may tell the same.
SELECT newest.id
FROM (
    SELECT run.id, run.trigger_id, run.sha, run.change ->> 'action' AS action
    FROM orchestrator.runs AS run
    WHERE run.repository_id = %(repository_id)s
        AND run.line = %(line)s
        AND run.finished_at IS NULL
        AND run.rerun_of IS NULL
    ORDER BY run.number DESC
    LIMIT 1
) AS newest
WHERE newest.sha = %(sha)s AND newest.action = %(action)s AND newest.trigger_id <> %(trigger_id)s
