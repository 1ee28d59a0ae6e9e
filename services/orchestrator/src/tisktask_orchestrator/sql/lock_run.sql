-- Lock a run: whoever changes it or one of its jobs holds this lock first.
SELECT
    run.id, run.number, run.repository_id, run.trigger_id, run.state, run.reason, run.change, run.revision,
    run.stop_state, run.stop_reason, run.created_at, run.started_at, run.finished_at,
    run.is_restricted, run.scope, run.approved_tree, run.released_at,
    repository.forge, repository.full_name
FROM orchestrator.runs AS run
JOIN orchestrator.repositories AS repository ON repository.id = run.repository_id
WHERE run.id = %(run_id)s
FOR UPDATE OF run
