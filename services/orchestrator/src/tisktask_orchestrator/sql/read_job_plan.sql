-- Read what a runner needs to know about a job and its run.
SELECT
    run.id AS run_id, run.number AS run_number, run.change, run.trigger_id,
    run.is_restricted, run.scope, run.approved_tree,
    job.id AS job_id, job.attempt, job.kind, job.name, job.path, job.build_file, job.image_key, job.parent_job_id,
    job.image, job.shell, job.arguments, job.environment, job.seconds_max,
    repository.id AS repository_id, repository.forge, repository.full_name, repository.clone_url, repository.api_url,
    repository.token,
    trigger.delivery, trigger.payload_chunks, trigger.inputs, trigger.schedule, trigger.scheduled_at
FROM orchestrator.jobs AS job
JOIN orchestrator.runs AS run ON run.id = job.run_id
JOIN orchestrator.repositories AS repository ON repository.id = run.repository_id
JOIN orchestrator.triggers AS trigger ON trigger.id = run.trigger_id
WHERE job.id = %(job_id)s
