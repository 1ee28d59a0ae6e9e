-- Read the job that was started for this request, or under this key.
SELECT id, name, path, build_file, image, shell, arguments, coalesce(spawn_request_id = %(request_id)s, false) AS is_same_request
FROM orchestrator.jobs
WHERE parent_job_id = %(parent)s AND (spawn_request_id = %(request_id)s OR spawn_key = %(key)s)
ORDER BY is_same_request DESC
LIMIT 1
