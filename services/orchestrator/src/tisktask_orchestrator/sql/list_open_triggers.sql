-- List the oldest triggers whose runs, or repetitions of these, have not ended.
SELECT trigger.id
FROM orchestrator.triggers AS trigger
WHERE trigger.id IN (SELECT run.trigger_id FROM orchestrator.runs AS run WHERE run.finished_at IS NULL)
ORDER BY trigger.received_at
LIMIT 20
