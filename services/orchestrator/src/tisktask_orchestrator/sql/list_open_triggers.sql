-- List the oldest triggers whose runs, or repetitions of these, have not ended. Not what waits for a person, perhaps for weeks:
-- strangers could fill the stream with it. After seven days such a run has only what we know of its delivery.
SELECT trigger.id
FROM orchestrator.triggers AS trigger
WHERE trigger.id IN (
    SELECT run.trigger_id
    FROM orchestrator.runs AS run
    WHERE run.finished_at IS NULL AND run.state <> 'awaiting_approval'
)
ORDER BY trigger.received_at
LIMIT 20
