-- Reads runs by their ids.
SELECT id, number, repository_id, forge, repository, event, action, sha, ref, branch, tag, pull_request, actor, title,
    trigger_id, delivery, state, reason, warnings, revision, cancel_requested_at, created_at, started_at, finished_at
FROM api.runs
WHERE id = ANY(%(ids)s)
ORDER BY id DESC
