-- Read what a job has said about itself.
SELECT title, status_text, summary, descriptions
FROM orchestrator.jobs
WHERE id = %(job_id)s
