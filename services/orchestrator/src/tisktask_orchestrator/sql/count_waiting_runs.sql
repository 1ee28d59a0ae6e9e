-- Count the runs of a pull request that wait for approval.
SELECT count(*) AS count
FROM orchestrator.runs
WHERE repository_id = %(repository_id)s AND scope = %(scope)s AND state = 'awaiting_approval' AND finished_at IS NULL
