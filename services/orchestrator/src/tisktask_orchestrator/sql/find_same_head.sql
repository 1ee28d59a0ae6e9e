-- Find the newest run of a pull request, if a push of this very head has made it and it is at work. Forges read the head when
-- they tell of a push, so that two quick ones may tell the same. A run that is being stopped does not judge the head any more.
SELECT run.id
FROM orchestrator.runs AS run
WHERE run.repository_id = %(repository_id)s
    AND run.line = %(line)s
    AND run.finished_at IS NULL
    AND run.stop_state IS NULL
    AND run.sha = %(sha)s
    AND run.change ->> 'action' = %(action)s
    AND run.trigger_id <> %(trigger_id)s
    AND NOT EXISTS (
        SELECT FROM orchestrator.runs AS newer
        WHERE newer.repository_id = run.repository_id
            AND newer.change ->> 'pull_request' = run.change ->> 'pull_request'
            AND newer.line = run.line
            AND newer.number > run.number
    )
