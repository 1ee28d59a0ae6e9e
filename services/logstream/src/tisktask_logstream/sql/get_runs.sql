-- Reads runs by their ids.
SELECT id, number, repository_id, forge, repository, event, action, sha, ref, branch, tag, pull_request, actor, title,
    trigger_id, delivery, state, reason, warnings, revision, cancel_requested_at, created_at, started_at, finished_at,
    rerun_of, rerun_of_number
FROM api.runs
LEFT JOIN (SELECT run_id, rerun_of, rerun_of_number FROM api.reruns) AS reruns ON reruns.run_id = runs.id
WHERE id = ANY(%(ids)s)
ORDER BY id DESC
