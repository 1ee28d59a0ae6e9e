-- Note what was decided about a run, or that it waits for somebody to decide.
UPDATE orchestrator.vettings
SET
    state = %(state)s,
    why = %(why)s,
    held_at = CASE WHEN %(state)s = 'waiting' THEN now() ELSE held_at END,
    decided_by = %(decided_by)s,
    decided_at = CASE WHEN %(state)s <> 'waiting' THEN now() END,
    note = %(note)s
WHERE run_id = %(run_id)s
