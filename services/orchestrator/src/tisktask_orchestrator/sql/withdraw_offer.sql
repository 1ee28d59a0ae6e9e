-- Take back an offer whose claim was refused because the job's repository has no room: it is offered again as soon as there is.
UPDATE orchestrator.jobs AS job
SET dispatched_at = NULL
FROM orchestrator.repository_turns AS turn
WHERE job.id = %(job_id)s
    AND job.attempt = %(attempt)s
    AND job.state = 'queued'
    AND job.labels <> '{}'
    AND turn.repository_id = job.repository_id
    AND turn.room = 0
