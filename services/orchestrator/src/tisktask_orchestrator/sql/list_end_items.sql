-- List the first or the last items of a list of a job's run.
WITH list AS (
    SELECT run_id, key, first_position, end_position
    FROM orchestrator.data_keys
    WHERE run_id = (SELECT job.run_id FROM orchestrator.jobs AS job WHERE job.id = %(job_id)s) AND key = %(key)s
)
SELECT position, value
FROM orchestrator.data_items
WHERE run_id = (SELECT run_id FROM list)
    AND key = %(key)s
    AND position >= (SELECT CASE WHEN %(is_left)s THEN first_position ELSE end_position - %(count)s::bigint END FROM list)
    AND position < (SELECT CASE WHEN %(is_left)s THEN first_position + %(count)s::bigint ELSE end_position END FROM list)
