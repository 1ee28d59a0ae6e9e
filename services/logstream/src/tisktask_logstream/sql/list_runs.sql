-- Lists runs, the newest first, from a cursor on.
SELECT id, number, repository_id, forge, repository, event, action, sha, ref, branch, tag, pull_request, actor, title,
    trigger_id, delivery, state, reason, warnings, revision, cancel_requested_at, created_at, started_at, finished_at,
    rerun_of, rerun_of_number
FROM api.runs
LEFT JOIN (SELECT run_id, rerun_of, rerun_of_number FROM api.reruns) AS reruns ON reruns.run_id = runs.id
WHERE (%(repository)s::text IS NULL OR repository = %(repository)s)
    AND (%(sha)s::text IS NULL OR sha = %(sha)s OR (length(%(sha)s) < 40 AND starts_with(sha, %(sha)s)))
    AND (%(states)s::text[] IS NULL OR state = ANY(%(states)s))
    AND (%(after)s::text IS NULL OR id < %(after)s)
ORDER BY id DESC
LIMIT %(limit)s
