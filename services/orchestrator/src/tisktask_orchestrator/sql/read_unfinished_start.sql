-- Read the newest start of a schedule that waits or whose run has not ended.
SELECT start.state, run.number AS run_number
FROM orchestrator.starts AS start
LEFT JOIN orchestrator.runs AS run ON run.id = start.run_id
WHERE start.schedule_id = %(schedule_id)s
    AND (start.state = 'waiting' OR (run.id IS NOT NULL AND run.finished_at IS NULL))
ORDER BY start.id DESC
LIMIT 1
