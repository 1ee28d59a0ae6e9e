-- Reads a wanted run.
SELECT
    id, repository_id, repository, event, action, ref, sha, actor, inputs, schedule, scheduled_at, state, reason, run_id,
    run_number, run_state, wanted_at, ended_at
FROM api.starts
WHERE id = %(id)s
