-- Lock the run that a job belongs to.
SELECT
    run.id, run.number, run.repository_id, run.trigger_id, run.state, run.reason, run.change, run.revision,
    run.stop_state, run.stop_reason, run.created_at, run.started_at, run.finished_at,
    run.is_restricted, run.scope, run.approved_tree, run.released_at,
    repository.forge, repository.full_name
FROM orchestrator.runs AS run
JOIN orchestrator.repositories AS repository ON repository.id = run.repository_id
WHERE run.id = (SELECT job.run_id FROM orchestrator.jobs AS job WHERE job.id = %(job_id)s)
FOR UPDATE OF run
