-- List the open pull requests that nobody has told of for a while, and whether anything is known of each.
SELECT
    pull.number, pull.change,
    pull.settled_sha IS NOT NULL OR EXISTS (
        SELECT FROM orchestrator.runs AS run
        WHERE run.repository_id = pull.repository_id AND run.change ->> 'pull_request' = pull.number::text
    ) AS is_known
FROM orchestrator.repository_pulls AS pull
WHERE pull.repository_id = %(repository_id)s
    AND pull.settled_sha IS DISTINCT FROM pull.sha
    AND pull.first_seen_at <= now() - make_interval(secs => %(grace_seconds)s)
    -- It was seen this time: one that is closed is not run any more.
    AND pull.number = ANY(%(numbers)s::bigint[])
ORDER BY pull.first_seen_at, pull.number
LIMIT %(count)s
