-- Keep what the preparation found out about a run; a title that the trigger gave stays.
UPDATE orchestrator.runs
SET
    warnings = %(warnings)s,
    change = CASE WHEN change ->> 'title' = '' THEN jsonb_set(change, '{title}', to_jsonb(%(title)s::text)) ELSE change END
WHERE id = %(run_id)s
RETURNING change
