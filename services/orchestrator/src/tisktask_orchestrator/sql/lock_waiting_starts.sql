-- Take the wanted runs of a repository that wait for a look at its refs, and were wanted before it began.
SELECT
    id, repository_id, delivery, schedule_id, event, action, ref, sha, actor, inputs, schedule, scheduled_at, trigger
FROM orchestrator.starts
WHERE repository_id = %(repository_id)s AND state = 'waiting' AND wanted_at <= %(before)s
ORDER BY id
FOR UPDATE
