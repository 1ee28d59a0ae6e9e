-- Lists the newest wanted runs of a repository.
SELECT
    id, repository_id, repository, event, action, ref, sha, actor, inputs, schedule, scheduled_at, state, reason, run_id,
    run_number, run_state, wanted_at, ended_at
FROM api.starts
WHERE repository_id = %(repository)s
ORDER BY id DESC
LIMIT %(limit)s
