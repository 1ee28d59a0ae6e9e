-- Forget some old triggers of which no run is left.
DELETE FROM orchestrator.triggers
WHERE id IN (
    SELECT trigger.id
    FROM orchestrator.triggers AS trigger
    WHERE trigger.received_at < now() - make_interval(days => %(keep_days)s)
        AND NOT EXISTS (SELECT FROM orchestrator.runs AS run WHERE run.trigger_id = trigger.id)
    ORDER BY trigger.received_at
    LIMIT %(count)s
)
