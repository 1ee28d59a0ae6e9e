-- List the runs of a pull request that wait for approval, or may have to; those that were there before a moment are older.
SELECT run.id, run.state, run.sha, run.created_at < %(said_at)s::timestamptz AS is_older
FROM orchestrator.runs AS run
WHERE run.repository_id = %(repository_id)s
    AND run.change ->> 'pull_request' = %(pull_request)s::text
    AND run.state IN ('staged', 'awaiting_approval')
    AND run.stop_state IS NULL
ORDER BY run.number
LIMIT 100
