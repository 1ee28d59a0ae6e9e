-- Count the triggers that forget_triggers.sql forgets.
SELECT count(*)::integer AS count
FROM orchestrator.triggers AS trigger
WHERE trigger.received_at < now() - make_interval(days => %(keep_days)s)
    AND NOT EXISTS (SELECT FROM orchestrator.runs AS run WHERE run.trigger_id = trigger.id)
