-- List some of the jobs that have brought the one that has started them to its result.
SELECT name
FROM orchestrator.jobs
WHERE parent_job_id = %(job_id)s AND NOT is_detached AND NOT may_fail AND result = %(result)s
ORDER BY id
LIMIT %(count)s
